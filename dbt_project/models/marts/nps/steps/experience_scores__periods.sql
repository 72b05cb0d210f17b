with

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

months as (

    select
        dates.month_start_date,
        as_of.as_of_date,
        cast(dates.month_start_date + interval '1 month' as date)
            as next_month_start_date

    from dates
    inner join as_of
        on dates.date_day < as_of.as_of_date
    group by dates.month_start_date, as_of.as_of_date

),

lengths as (

    select
        'month' as period_type,
        1 as month_count

    union all

    select
        'trailing_quarter' as period_type,
        3 as month_count

),

final as (

    select
        -- grain
        lengths.period_type,
        cast(
            months.next_month_start_date - lengths.month_count * interval '1 month'
            as date
        ) as period_start_date,

        -- attributes
        cast(months.next_month_start_date - interval '1 day' as date)
            as period_end_date,
        cast(
            months.next_month_start_date - 2 * lengths.month_count * interval '1 month'
            as date
        ) as previous_period_start_date,
        least(months.next_month_start_date, months.as_of_date) as observed_date,
        months.next_month_start_date <= months.as_of_date as is_complete

    from months
    cross join lengths

)

select * from final
