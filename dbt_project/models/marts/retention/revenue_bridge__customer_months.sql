with

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

subscriptions as (

    select * from {{ ref('fct_subscriptions') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

-- a month is observed at its end, the running month at the as-of date
months as (

    select
        dates.month_start_date,
        as_of.as_of_date,
        least(
            cast(dates.month_start_date + interval 1 month as date), as_of.as_of_date
        ) as observed_date
    from dates
    inner join as_of
        on dates.date_day < as_of.as_of_date
    group by dates.month_start_date, as_of.as_of_date

),

first_days as (

    select min(ordered_date) as first_date
    from orders
    where is_counted

    union all

    select min(started_date) as first_date
    from subscriptions

),

history as (

    select coalesce({{ history_start() }}, min(first_date)) as history_start_date
    from first_days

),

periods as (

    select
        subscriptions.*,
        {{ month_start('subscriptions.started_date') }} as month_start_date,
        -- a period that is renewed before it is over gives way to the next one
        coalesce(
            least(subscriptions.ends_at, subscriptions.renewed_at),
            subscriptions.ends_at
        ) as over_at
    from subscriptions
    inner join as_of
        on subscriptions.started_date < as_of.as_of_date
    where subscriptions.customer_id <> {{ unknown_key() }}

),

subscribers as (

    select
        customer_id,
        min(month_start_date) as first_month_start_date
    from periods
    group by customer_id

),

subscriber_months as (

    select
        subscribers.customer_id,
        months.month_start_date,
        {{ start_of_day('months.observed_date') }} as observed_at
    from subscribers
    inner join months
        on subscribers.first_month_start_date <= months.month_start_date

),

started as (

    select
        customer_id,
        month_start_date,
        count(*) as purchase_count
    from periods
    group by customer_id, month_start_date

),

running as (

    select
        subscriber_months.customer_id,
        subscriber_months.month_start_date,
        sum(periods.monthly_amount) as revenue_amount
    from subscriber_months
    inner join periods
        on subscriber_months.customer_id = periods.customer_id
        and subscriber_months.observed_at > periods.started_at
        and subscriber_months.observed_at <= periods.over_at
    group by subscriber_months.customer_id, subscriber_months.month_start_date

),

bought as (

    select
        'orders' as revenue_type,
        customer_id,
        month_start_date,
        segment,
        lifecycle_stage,
        order_count as purchase_count,
        revenue_amount
    from customer_months

    union all

    select
        'subscriptions' as revenue_type,
        subscriber_months.customer_id,
        subscriber_months.month_start_date,
        coalesce(customers.segment, 'unknown') as segment,
        coalesce(customer_months.lifecycle_stage, 'prospect') as lifecycle_stage,
        coalesce(started.purchase_count, 0) as purchase_count,
        coalesce(running.revenue_amount, 0) as revenue_amount
    from subscriber_months
    left join started
        on subscriber_months.customer_id = started.customer_id
        and subscriber_months.month_start_date = started.month_start_date
    left join running
        on subscriber_months.customer_id = running.customer_id
        and subscriber_months.month_start_date = running.month_start_date
    left join customer_months
        on subscriber_months.customer_id = customer_months.customer_id
        and subscriber_months.month_start_date = customer_months.month_start_date
    left join customers
        on subscriber_months.customer_id = customers.customer_id
        and subscriber_months.observed_at > customers.valid_from
        and subscriber_months.observed_at <= customers.valid_to

),

final as (

    select
        -- grain
        bought.revenue_type,
        bought.customer_id,
        bought.month_start_date,

        -- attributes
        bought.segment,
        bought.lifecycle_stage,
        (
            months.month_start_date + interval 1 month <= months.as_of_date
        ) as is_complete,
        history.history_start_date,

        -- measures
        cast(bought.purchase_count as bigint) as purchase_count,
        cast(bought.revenue_amount as decimal(18, 2)) as revenue_amount

    from bought
    inner join months
        on bought.month_start_date = months.month_start_date
    cross join history

)

select * from final
