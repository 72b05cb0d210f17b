-- A failing row is a customer with a missing month, or whose last month is not the
-- month of the newest landed day.
{{ config(meta={'dagster': {'ref': {'name': 'fct_customer_months'}}}) }}
with

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

last_month as (

    select {{ month_start('date_day - interval 1 day') }} as last_month_start_date
    from dates
    where is_as_of

),

customers as (

    select
        customer_id,
        count(*) as month_count,
        min(month_start_date) as first_month_start_date,
        max(month_start_date) as last_month_start_date
    from customer_months
    group by customer_id

),

final as (

    select customers.*
    from customers
    cross join last_month
    where
        customers.last_month_start_date <> last_month.last_month_start_date
        or customers.month_count <> 1 + {{ months_between(
            'customers.first_month_start_date', 'customers.last_month_start_date'
        ) }}

)

select * from final
