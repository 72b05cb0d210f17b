with

orders as (

    select * from {{ ref('fct_orders') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

refunds as (

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

-- orders of the unknown customer cannot be followed
counted_orders as (

    select
        orders.customer_id,
        orders.customer_key,
        orders.is_first_order,
        {{ month_start('orders.ordered_date') }} as month_start_date,
        orders.net_amount - orders.refunded_amount as revenue_amount

    from orders
    inner join as_of
        on orders.ordered_date < as_of.as_of_date
    where
        orders.is_counted
        and orders.customer_id <> {{ unknown_key() }}

),

first_orders as (

    select
        counted_orders.customer_id,
        counted_orders.month_start_date as cohort_month_start_date,
        customers.segment

    from counted_orders
    left join customers
        on counted_orders.customer_key = customers.customer_key
    where counted_orders.is_first_order

),

-- credit notes and returns count in their own month, those before the first order in the
-- first month
movements as (

    select
        customer_id,
        month_start_date,
        1 as order_count,
        revenue_amount
    from counted_orders

    union all

    select
        refunds.customer_id,
        greatest(
            {{ month_start('refunds.refunded_date') }},
            first_orders.cohort_month_start_date
        ) as month_start_date,
        0 as order_count,
        -refunds.refund_amount as revenue_amount
    from refunds
    inner join first_orders
        on refunds.customer_id = first_orders.customer_id
    inner join as_of
        on refunds.refunded_date < as_of.as_of_date
    where refunds.is_of_customer

),

customer_months as (

    select
        customer_id,
        month_start_date,
        sum(order_count) as order_count,
        sum(revenue_amount) as revenue_amount

    from movements
    group by customer_id, month_start_date

),

activity as (

    select
        first_orders.cohort_month_start_date,
        first_orders.segment,
        customer_months.month_start_date,
        count(*) filter (where customer_months.order_count > 0)
            as active_customer_count,
        sum(customer_months.order_count) as order_count,
        sum(customer_months.revenue_amount) as revenue_amount

    from customer_months
    inner join first_orders
        on customer_months.customer_id = first_orders.customer_id
    group by
        first_orders.cohort_month_start_date,
        first_orders.segment,
        customer_months.month_start_date

),

cohorts as (

    select
        cohort_month_start_date,
        segment,
        active_customer_count as cohort_customer_count,
        revenue_amount as cohort_revenue_amount

    from activity
    where month_start_date = cohort_month_start_date

),

months as (

    select
        dates.month_start_date,
        as_of.as_of_date

    from dates
    inner join as_of
        on dates.date_day < as_of.as_of_date
    group by dates.month_start_date, as_of.as_of_date

),

-- one row per month that has begun, also without orders
cells as (

    select
        cohorts.cohort_month_start_date,
        cohorts.segment,
        months.month_start_date,
        months.month_start_date + interval '1 month' <= months.as_of_date
            as is_complete,
        cohorts.cohort_customer_count,
        cohorts.cohort_revenue_amount,
        coalesce(activity.active_customer_count, 0) as active_customer_count,
        coalesce(activity.order_count, 0) as order_count,
        coalesce(activity.revenue_amount, 0) as revenue_amount

    from cohorts
    inner join months
        on cohorts.cohort_month_start_date <= months.month_start_date
    left join activity
        on cohorts.cohort_month_start_date = activity.cohort_month_start_date
        and cohorts.segment = activity.segment
        and months.month_start_date = activity.month_start_date

),

followed as (

    select
        *,
        {{ months_between('cohort_month_start_date', 'month_start_date') }}
            as age_months,
        lag(active_customer_count) over (
            partition by cohort_month_start_date, segment
            order by month_start_date
        ) as previous_active_customer_count,
        lag(revenue_amount) over (
            partition by cohort_month_start_date, segment
            order by month_start_date
        ) as previous_revenue_amount,
        sum(revenue_amount) over (
            partition by cohort_month_start_date, segment
            order by month_start_date
            rows between unbounded preceding and current row
        ) as cumulative_revenue_amount

    from cells

),

-- an incomplete month has no rates
with_base_status as (

    select
        *,
        {{ base_status('cohort_customer_count') }} as base_status,
        case when is_complete then cohort_customer_count end as rated_customer_count,
        case when is_complete then active_customer_count end
            as rated_active_customer_count,
        case when is_complete then revenue_amount end as rated_revenue_amount
    from followed

),

final as (

    select
        -- grain
        cohort_month_start_date,
        cast(age_months as integer) as age_months,
        segment,

        -- attributes
        month_start_date,
        is_complete,
        base_status,

        -- measures
        cast(cohort_customer_count as bigint) as cohort_customer_count,
        cast(active_customer_count as bigint) as active_customer_count,
        cast(previous_active_customer_count as bigint)
            as previous_active_customer_count,
        cast(order_count as bigint) as order_count,
        cast(cohort_revenue_amount as decimal(18, 2)) as cohort_revenue_amount,
        cast(revenue_amount as decimal(18, 2)) as revenue_amount,
        cast(previous_revenue_amount as decimal(18, 2)) as previous_revenue_amount,
        cast(cumulative_revenue_amount as decimal(18, 2)) as cumulative_revenue_amount,
        {{ where_shown(
            rate('active_customer_count', 'rated_customer_count'), 'decimal(18, 6)'
        ) }} as retention_rate,
        {{ where_shown(
            share_low('active_customer_count', 'rated_customer_count'),
            'decimal(18, 6)'
        ) }} as retention_rate_low,
        {{ where_shown(
            share_high('active_customer_count', 'rated_customer_count'),
            'decimal(18, 6)'
        ) }} as retention_rate_high,
        {{ where_shown(
            rate('rated_active_customer_count', 'previous_active_customer_count'),
            'decimal(18, 6)'
        ) }} as previous_month_rate,
        {{ where_shown(
            rate('rated_revenue_amount', 'cohort_revenue_amount'), 'decimal(18, 6)'
        ) }} as revenue_retention_rate,
        {{ where_shown(
            rate('rated_revenue_amount', 'previous_revenue_amount'), 'decimal(18, 6)'
        ) }} as previous_month_revenue_rate

    from with_base_status

)

select * from final
