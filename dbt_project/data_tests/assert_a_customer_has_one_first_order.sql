-- A failing row is a known customer with counted orders of which none, several, or not
-- the earliest is the first.
{{ config(meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}
with

orders as (

    select * from {{ ref('fct_orders') }}

),

customers as (

    select
        customer_id,
        count(*) filter (where is_first_order) as first_order_count,
        min(ordered_at) as first_ordered_at,
        min(ordered_at) filter (where is_first_order) as flagged_ordered_at
    from orders
    where
        is_counted
        and customer_id <> {{ unknown_key() }}
    group by customer_id

),

final as (

    select * from customers
    where
        first_order_count <> 1
        or flagged_ordered_at <> first_ordered_at

)

select * from final
