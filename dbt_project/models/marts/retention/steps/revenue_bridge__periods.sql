with

orders as (

    select * from {{ ref('fct_orders') }}

),

subscriptions as (

    select * from {{ ref('fct_subscriptions') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

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
        'month' as period_type,
        dates.month_start_date as period_start_date,
        max(dates.month_start_date) as last_month_start_date,
        dates.month_start_date + interval 1 month as next_start_at,
        dates.month_start_date - interval 1 month as previous_start_at
    from dates
    inner join as_of
        on dates.date_day < as_of.as_of_date
    group by dates.month_start_date

    union all

    select
        'year' as period_type,
        dates.year_start_date as period_start_date,
        max(dates.month_start_date) as last_month_start_date,
        dates.year_start_date + interval 1 year as next_start_at,
        dates.year_start_date - interval 1 year as previous_start_at
    from dates
    inner join as_of
        on dates.date_day < as_of.as_of_date
    group by dates.year_start_date

),

final as (

    select
        -- grain
        periods.period_type,
        periods.period_start_date,

        -- attributes
        periods.last_month_start_date,
        cast(periods.next_start_at - interval 1 day as date) as period_end_date,
        least(cast(periods.next_start_at as date), as_of.as_of_date) as observed_date,
        periods.next_start_at <= as_of.as_of_date as is_complete,
        coalesce(history.history_start_date <= periods.previous_start_at, false)
            as is_base_complete,
        history.history_start_date

    from periods
    cross join as_of
    cross join history

)

select * from final
