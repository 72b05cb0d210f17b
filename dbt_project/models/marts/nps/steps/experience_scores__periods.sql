with

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

days as (

    select
        date_day,
        'month' as period_type,
        1 as month_count,
        month_start_date as period_start_date
    from dates

    union all

    select
        date_day,
        'quarter' as period_type,
        3 as month_count,
        quarter_start_date as period_start_date
    from dates

),

begun as (

    select
        days.period_type,
        days.period_start_date,
        as_of.as_of_date,
        cast(days.period_start_date + days.month_count * interval '1 month' as date)
            as next_period_start_date,
        cast(days.period_start_date - days.month_count * interval '1 month' as date)
            as previous_period_start_date

    from days
    inner join as_of
        on days.date_day < as_of.as_of_date
    group by
        days.period_type,
        days.period_start_date,
        days.month_count,
        as_of.as_of_date

),

final as (

    select
        -- grain
        period_type,
        period_start_date,

        -- attributes
        cast(next_period_start_date - interval '1 day' as date) as period_end_date,
        previous_period_start_date,
        least(next_period_start_date, as_of_date) as observed_date,
        next_period_start_date <= as_of_date as is_complete

    from begun

)

select * from final
