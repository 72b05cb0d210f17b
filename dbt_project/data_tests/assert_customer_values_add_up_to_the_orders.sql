-- A failing row means that orders, revenue, refunds or margin of known customers differ
-- from fct_orders and from the credit notes and returns of fct_refunds.
{{ config(meta={'dagster': {'ref': {'name': 'mart_customer_lifetime_value'}}}) }}

with

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

customer_values as (

    select * from {{ ref('mart_customer_lifetime_value') }}

),

amounts as (

    select
        1 as order_count,
        net_amount - refunded_amount as revenue_amount,
        refunded_amount,
        margin_amount - refunded_amount as margin_amount

    from orders
    where
        is_counted
        and customer_id <> {{ unknown_key() }}

    union all

    select
        0 as order_count,
        -refund_amount as revenue_amount,
        refund_amount as refunded_amount,
        returned_cost_amount - refund_amount as margin_amount

    from refunds
    where
        is_of_customer
        and customer_id <> {{ unknown_key() }}

),

expected as (

    select
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(revenue_amount), 0) as revenue_amount,
        coalesce(sum(refunded_amount), 0) as refunded_amount,
        coalesce(sum(margin_amount), 0) as margin_amount

    from amounts

),

published as (

    select
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(revenue_amount), 0) as revenue_amount,
        coalesce(sum(refunded_amount), 0) as refunded_amount,
        coalesce(sum(margin_amount), 0) as margin_amount

    from customer_values

)

select
    expected.order_count as expected_order_count,
    published.order_count,
    expected.revenue_amount as expected_revenue_amount,
    published.revenue_amount,
    expected.refunded_amount as expected_refunded_amount,
    published.refunded_amount,
    expected.margin_amount as expected_margin_amount,
    published.margin_amount
from expected
cross join published
where
    expected.order_count <> published.order_count
    or expected.revenue_amount <> published.revenue_amount
    or expected.refunded_amount <> published.refunded_amount
    or expected.margin_amount <> published.margin_amount
