-- A failing row is a cohort month whose customers, orders or revenue differ from those of
-- fct_orders.
{{ config(meta={'dagster': {'ref': {'name': 'mart_retention_cohorts'}}}) }}

with

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

cohorts as (

    select * from {{ ref('mart_retention_cohorts') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

customers as (

    select
        orders.customer_id,
        {{ month_start('min(orders.ordered_date)') }} as cohort_month_start_date,
        count(*) as order_count,
        sum(orders.net_amount - orders.refunded_amount) as revenue_amount

    from orders
    inner join as_of
        on orders.ordered_date < as_of.as_of_date
    where
        orders.is_counted
        and orders.customer_id <> {{ unknown_key() }}
    group by orders.customer_id

),

-- credit notes and returns
customer_refunds as (

    select
        refunds.customer_id,
        sum(refunds.refund_amount) as refunded_amount

    from refunds
    inner join as_of
        on refunds.refunded_date < as_of.as_of_date
    where refunds.is_of_customer
    group by refunds.customer_id

),

expected as (

    select
        customers.cohort_month_start_date,
        count(*) as customer_count,
        sum(customers.order_count) as order_count,
        sum(customers.revenue_amount - coalesce(customer_refunds.refunded_amount, 0))
            as revenue_amount

    from customers
    left join customer_refunds
        on customers.customer_id = customer_refunds.customer_id
    group by customers.cohort_month_start_date

),

published as (

    select
        cohort_month_start_date,
        sum(cohort_customer_count) filter (where age_months = 0) as customer_count,
        sum(order_count) as order_count,
        sum(revenue_amount) as revenue_amount

    from cohorts
    group by cohort_month_start_date

)

select
    coalesce(
        expected.cohort_month_start_date, published.cohort_month_start_date
    ) as cohort_month_start_date,
    expected.customer_count as expected_customer_count,
    published.customer_count,
    expected.order_count as expected_order_count,
    published.order_count,
    expected.revenue_amount as expected_revenue_amount,
    published.revenue_amount
from expected
full join published
    on expected.cohort_month_start_date = published.cohort_month_start_date
where
    expected.customer_count is distinct from published.customer_count
    or expected.order_count is distinct from published.order_count
    or expected.revenue_amount is distinct from published.revenue_amount
