-- A failing row is a system whose orders do not add up to the lines, freight, tax,
-- payments and refunds that it delivered for them.
{{ config(meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}
with

delivered_orders as (

    select * from {{ ref('int_orders__unioned') }}

),

delivered_lines as (

    select * from {{ ref('int_order_lines__unioned') }}

),

delivered_payments as (

    select * from {{ ref('int_payments__unioned') }}

),

delivered_refunds as (

    select * from {{ ref('int_refunds__unioned') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

amounts as (

    select
        system,
        'freight' as amount_of,
        coalesce(freight_amount, 0) as amount
    from delivered_orders

    union all

    select
        system,
        'tax' as amount_of,
        coalesce(tax_amount, 0) as amount
    from delivered_orders

    union all

    select
        delivered_lines.system,
        'net' as amount_of,
        delivered_lines.net_amount as amount
    from delivered_lines
    inner join delivered_orders
        on delivered_lines.system = delivered_orders.system
        and delivered_lines.order_source_id = delivered_orders.source_id

    union all

    select
        delivered_lines.system,
        'freight' as amount_of,
        coalesce(delivered_lines.freight_amount, 0) as amount
    from delivered_lines
    inner join delivered_orders
        on delivered_lines.system = delivered_orders.system
        and delivered_lines.order_source_id = delivered_orders.source_id

    union all

    select
        delivered_payments.system,
        'paid' as amount_of,
        delivered_payments.payment_amount as amount
    from delivered_payments
    inner join delivered_orders
        on delivered_payments.system = delivered_orders.system
        and delivered_payments.order_source_id = delivered_orders.source_id

    union all

    select
        delivered_refunds.system,
        'refunded' as amount_of,
        delivered_refunds.refund_amount as amount
    from delivered_refunds
    inner join delivered_orders
        on delivered_refunds.system = delivered_orders.system
        and delivered_refunds.order_source_id = delivered_orders.source_id

    union all

    select
        system,
        'net' as amount_of,
        -net_amount as amount
    from orders

    union all

    select
        system,
        'freight' as amount_of,
        -freight_amount as amount
    from orders

    union all

    select
        system,
        'tax' as amount_of,
        -tax_amount as amount
    from orders

    union all

    select
        system,
        'paid' as amount_of,
        -paid_amount as amount
    from orders

    union all

    select
        system,
        'refunded' as amount_of,
        -refunded_amount as amount
    from orders

),

final as (

    select
        system,
        amount_of,
        sum(amount) as difference_amount
    from amounts
    group by system, amount_of
    having sum(amount) <> 0

)

select * from final
