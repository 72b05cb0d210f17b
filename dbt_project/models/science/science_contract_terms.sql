with

periods as (

    select * from {{ ref('fct_subscriptions') }}

),

-- the calendar tells a month from a number of days: it ends on the day of the month on
-- which it began, or on the last day of a month that is too short
measured as (

    select
        system,
        plan,
        started_date,
        ends_date,
        greatest({{ days_between('started_date', 'ends_date') }}, 1) as period_days,
        {{ months_between('started_date', 'ends_date') }} as month_count,
        greatest(day(started_date), day(ends_date)) as day_of_month
    from periods

),

compared as (

    select
        system,
        plan,
        period_days,
        month_count,
        month_count > 0
        and {{ day_in_month('started_date', 'day_of_month') }} = started_date
        and {{ day_in_month('ends_date', 'day_of_month') }} = ends_date
            as is_whole_months
    from measured

),

-- whole months are compared with the most frequent length in days of about as many months
counted as (

    select
        system,
        plan,
        {{ billed_months('period_days') }} as month_count,
        period_days,
        count(*) as period_count,
        count(*) filter (where is_whole_months) as whole_months_count
    from compared
    group by system, plan, {{ billed_months('period_days') }}, period_days

),

final as (

    select
        -- ids
        system,
        plan,
        month_count,

        -- attributes
        case
            when month_count > 0 and sum(whole_months_count) >= max(period_count)
                then 'month'
            else 'day'
        end as period_unit

    from counted
    group by system, plan, month_count

)

select * from final
