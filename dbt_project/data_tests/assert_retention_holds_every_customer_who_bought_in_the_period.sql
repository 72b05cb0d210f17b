-- A failing row is a month whose retention has other customers or other revenue than the
-- customer months of its period.
{{ config(meta={'dagster': {'ref': {'name': 'mart_retention_by_segment_stage'}}}) }}
with

retention as (

    select * from {{ ref('mart_retention_by_segment_stage') }}

),

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

last_month as (

    select
        max(month_start_date) as month_start_date,
        cast(
            max(month_start_date)
            - interval {{ var('retention_periods')['orders']['length_months'] }} month
            as date
        ) as last_base_month_start_date
    from customer_months

),

customers as (

    select
        customer_months.customer_id,
        last_month.month_start_date,
        sum(customer_months.revenue_amount) as revenue_amount
    from customer_months
    inner join last_month
        on customer_months.month_start_date > last_month.last_base_month_start_date
    group by customer_months.customer_id, last_month.month_start_date
    having sum(customer_months.revenue_amount) > 0

),

expected as (

    select
        month_start_date,
        count(*) as customer_count,
        sum(revenue_amount) as revenue_amount
    from customers
    group by month_start_date

),

published as (

    select
        retention.month_start_date,
        sum(retention.active_customer_count) as customer_count,
        sum(
            retention.retained_revenue_amount
            + retention.new_revenue_amount
            + retention.reactivated_revenue_amount
        ) as revenue_amount
    from retention
    inner join last_month
        on retention.month_start_date = last_month.month_start_date
    group by retention.month_start_date

),

final as (

    select
        expected.month_start_date,
        expected.customer_count as expected_customer_count,
        published.customer_count,
        expected.revenue_amount as expected_revenue_amount,
        published.revenue_amount
    from expected
    left join published
        on expected.month_start_date = published.month_start_date
    where
        expected.customer_count is distinct from published.customer_count
        or expected.revenue_amount is distinct from published.revenue_amount

)

select * from final
