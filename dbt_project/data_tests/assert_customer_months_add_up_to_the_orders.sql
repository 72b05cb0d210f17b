-- A failing row is a difference between the revenue or orders of all customer months
-- and, up to the as-of date, the counted orders of known customers minus their refunds,
-- credit notes and returns, to the cent.
{{ config(meta={'dagster': {'ref': {'name': 'fct_customer_months'}}}) }}
with

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('int_refunds__unioned') }}

),

given_back as (

    select * from {{ ref('fct_refunds') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

counted_orders as (

    select orders.*
    from orders
    inner join as_of
        on orders.ordered_date < as_of.as_of_date
    where
        orders.is_counted
        and orders.customer_id <> {{ unknown_key() }}

),

balance as (

    select
        order_count,
        revenue_amount
    from customer_months

    union all

    select
        -1 as order_count,
        -net_amount as revenue_amount
    from counted_orders

    union all

    select
        0 as order_count,
        refunds.refund_amount as revenue_amount
    from refunds
    inner join counted_orders
        on refunds.system = counted_orders.system
        and refunds.order_source_id = counted_orders.source_id
    inner join as_of
        on {{ local_date('refunds.refunded_at') }} < as_of.as_of_date

    union all

    select
        0 as order_count,
        given_back.refund_amount as revenue_amount
    from given_back
    inner join as_of
        on given_back.refunded_date < as_of.as_of_date
    where
        given_back.refund_type = 'credit_note'
        and given_back.customer_id <> {{ unknown_key() }}

    union all

    select
        0 as order_count,
        -orders.net_amount as revenue_amount
    from orders
    inner join as_of
        on orders.ordered_date < as_of.as_of_date
    where
        orders.is_return
        and orders.customer_id <> {{ unknown_key() }}

),

final as (

    select
        sum(order_count) as order_count,
        sum(revenue_amount) as revenue_amount
    from balance
    having
        sum(order_count) <> 0
        or sum(revenue_amount) <> 0

)

select * from final
