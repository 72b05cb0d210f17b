-- A failing row is an order whose lines do not add up to it, in number, quantity,
-- price, cost or margin.
{{ config(meta={'dagster': {'ref': {'name': 'fct_order_lines'}}}) }}
with

orders as (

    select * from {{ ref('fct_orders') }}

),

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

line_totals as (

    select
        order_key,
        count(*) as line_count,
        sum(quantity) as item_count,
        sum(net_amount) as net_amount,
        sum(margin_amount) as margin_amount
    from order_lines
    group by order_key

),

final as (

    select
        orders.order_key,
        orders.net_amount,
        line_totals.net_amount as net_amount_of_lines
    from orders
    left join line_totals
        on orders.order_key = line_totals.order_key
    where
        orders.line_count <> coalesce(line_totals.line_count, 0)
        or orders.item_count <> coalesce(line_totals.item_count, 0)
        or orders.net_amount <> coalesce(line_totals.net_amount, 0)
        or orders.margin_amount <> coalesce(line_totals.margin_amount, 0)

)

select * from final
