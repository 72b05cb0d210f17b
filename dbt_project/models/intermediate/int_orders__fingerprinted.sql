with

orders as (

    select {{ what_a_row_says() }} from {{ ref('int_orders__unioned') }}

),

order_lines as (

    select * from {{ ref('int_order_lines__priced') }}

),

products as (

    select {{ what_a_row_says() }} from {{ ref('int_products__unioned') }}

),

refunds as (

    select {{ what_a_row_says() }} from {{ ref('int_refunds__unioned') }}

),

payments as (

    select {{ what_a_row_says() }} from {{ ref('int_payments__unioned') }}

),

fingerprints as (

    select
        system,
        source_id,
        {{ row_fingerprint(['orders']) }} as fingerprint
    from orders

    union all

    -- whether the product is known decides what the line refers to
    select
        order_lines.system,
        order_lines.order_source_id as source_id,
        {{ row_fingerprint(['order_lines', 'products.source_id']) }} as fingerprint
    from order_lines
    left join products
        on order_lines.system = products.system
        and order_lines.product_source_id = products.source_id

    union all

    select
        system,
        order_source_id as source_id,
        {{ row_fingerprint(['refunds']) }} as fingerprint
    from refunds

    union all

    select
        system,
        order_source_id as source_id,
        {{ row_fingerprint(['payments']) }} as fingerprint
    from payments

),

grouped as (

    select
        system,
        source_id,
        {{ group_fingerprint('fingerprint') }} as fingerprint
    from fingerprints
    group by system, source_id

),

final as (

    select
        -- ids
        grouped.system,
        grouped.source_id,
        orders.customer_source_id,

        -- attributes
        orders.source_id is not null as is_known,
        grouped.fingerprint

    from grouped
    left join orders
        on grouped.system = orders.system
        and grouped.source_id = orders.source_id

)

select * from final
