with

order_lines as (

    select * from {{ ref('int_order_lines__priced') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

final as (

    select
        -- ids
        {{ surrogate_key(['order_lines.system', 'order_lines.source_id']) }}
            as order_line_key,
        coalesce(orders.order_key, {{ unknown_key() }}) as order_key,
        coalesce(products.product_key, {{ unknown_key() }}) as product_key,
        coalesce(orders.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(orders.customer_id, {{ unknown_key() }}) as customer_id,
        orders.ordered_date,
        order_lines.system,
        order_lines.source_id,

        -- attributes
        order_lines.line_number,
        coalesce(orders.is_counted or orders.is_return, false) as is_counted,
        order_lines.is_margin_assumed,

        -- measures
        order_lines.quantity,
        order_lines.net_amount,
        order_lines.cost_amount,
        order_lines.margin_amount,
        order_lines.freight_amount,
        order_lines.refunded_amount

    from order_lines
    left join orders
        on order_lines.system = orders.system
        and order_lines.order_source_id = orders.source_id
    left join products
        on order_lines.system = products.system
        and order_lines.product_source_id = products.source_id

)

select * from final
