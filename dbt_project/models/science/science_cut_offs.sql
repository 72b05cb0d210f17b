with

purchase_days as (

    select * from {{ ref('science_purchase_days') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

history as (

    select
        as_of.as_of_date,
        coalesce(
            greatest({{ history_start() }}, min(purchase_days.purchase_date)),
            as_of.as_of_date
        ) as history_start_date
    from as_of
    left join purchase_days
        on as_of.as_of_date > purchase_days.purchase_date
    group by as_of.as_of_date

),

-- with two years of history the holdout is a year, so that it holds every season; the first
-- year may lack a month
measured as (

    select
        *,
        case
            when {{ days_between('history_start_date', 'as_of_date') }} >= 730 - 31
                then 365
            else {{ var('holdout_days') }}
        end as holdout_days
    from history

),

held_out as (

    select
        *,
        cast(as_of_date - to_days(cast(holdout_days as integer)) as date)
            as holdout_date
    from measured

),

-- the yardstick's period ends where the holdout begins: as long, or half of what is before it
compared as (

    select
        *,
        greatest(
            least(
                holdout_days,
                floor(
                    {{ days_between('history_start_date', 'holdout_date') }} / 2.0
                )
            ), 0
        ) as yardstick_days
    from held_out

),

{{ backtest_lengths() }},

backtests as (

    select
        lengths.cut_off,
        history.as_of_date,
        history.history_start_date,
        lengths.outcome_days,
        cast(
            history.as_of_date - to_days(cast(lengths.outcome_days as integer)) as date
        ) as cut_off_date
    from history
    cross join lengths
    where
        {{ days_between('history.history_start_date', 'history.as_of_date') }}
        >= lengths.outcome_days + 91

),

-- the yardstick of a backtest is chosen like that of the holdout
yardsticks as (

    select
        *,
        least(
            outcome_days,
            floor({{ days_between('history_start_date', 'cut_off_date') }} / 2.0)
        ) as yardstick_days
    from backtests

),

cut_offs as (

    select
        cut_off,
        cut_off_date,
        as_of_date as outcome_end_date,
        history_start_date
    from backtests

    union all

    select
        cut_off || '_yardstick' as cut_off,
        cast(cut_off_date - to_days(cast(yardstick_days as integer)) as date)
            as cut_off_date,
        cut_off_date as outcome_end_date,
        history_start_date
    from yardsticks

    union all

    select
        'as_of' as cut_off,
        as_of_date as cut_off_date,
        as_of_date as outcome_end_date,
        history_start_date
    from compared

    union all

    select
        'holdout' as cut_off,
        holdout_date as cut_off_date,
        as_of_date as outcome_end_date,
        history_start_date
    from compared

    union all

    select
        'yardstick' as cut_off,
        cast(holdout_date - to_days(cast(yardstick_days as integer)) as date)
            as cut_off_date,
        holdout_date as outcome_end_date,
        history_start_date
    from compared

),

final as (

    select
        -- ids
        cut_off,

        -- measures
        cast({{ days_between('cut_off_date', 'outcome_end_date') }} as integer)
            as outcome_days,

        -- times
        cut_off_date,
        outcome_end_date,
        history_start_date

    from cut_offs

)

select * from final
