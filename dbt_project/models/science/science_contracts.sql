with

periods as (

    select * from {{ ref('fct_subscriptions') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

terms as (

    select * from {{ ref('science_contract_terms') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

{{ backtest_lengths() }},

-- renewals ahead are counted from the as-of date, and to it from the start of the holdout
-- and of each backtest
cut_offs as (

    select
        lengths.cut_off,
        cast(
            as_of.as_of_date - to_days(cast(lengths.outcome_days as integer)) as date
        ) as cut_off_date,
        as_of.as_of_date as ahead_end_date
    from as_of
    cross join lengths

    union all

    select
        'as_of' as cut_off,
        as_of_date as cut_off_date,
        cast(as_of_date + interval {{ var('value_horizon_days') }} day as date)
            as ahead_end_date
    from as_of

    union all

    select
        'holdout' as cut_off,
        cast(as_of_date - interval {{ var('holdout_days') }} day as date)
            as cut_off_date,
        as_of_date as ahead_end_date
    from as_of

),

numbered as (

    select
        periods.*,
        cut_offs.cut_off,
        cut_offs.cut_off_date,
        cut_offs.ahead_end_date,
        min(periods.started_date) over (
            partition by
                periods.system,
                periods.subscription_source_id,
                cut_offs.cut_off
        ) as first_started_date,
        row_number() over (
            partition by
                periods.system,
                periods.subscription_source_id,
                cut_offs.cut_off
            order by periods.started_at desc, periods.period_number desc
        ) as recency
    from periods
    inner join cut_offs
        on periods.started_date < cut_offs.cut_off_date

),

later_periods as (

    select
        periods.system,
        periods.subscription_source_id,
        cut_offs.cut_off,
        count(*) as later_count
    from periods
    inner join cut_offs
        on periods.started_date >= cut_offs.cut_off_date
    inner join as_of
        on periods.started_date < as_of.as_of_date
    group by
        periods.system, periods.subscription_source_id, cut_offs.cut_off

),

-- a renewal before the first delivered period, or before the history starts, is known of
-- contracts only that have survived it
entries as (

    select
        system,
        subscription_source_id,
        greatest(
            min(period_number) - 1,
            coalesce(
                max(period_number) filter (where ends_date < {{ history_start() }}), 0
            )
        ) as unobserved_renewal_count
    from periods
    group by system, subscription_source_id

),

latest as (

    select
        *,
        day(first_started_date) as first_day_of_month,
        ends_date >= cut_off_date as is_open,
        greatest({{ days_between('started_date', 'ends_date') }}, 1) as period_days,
        {{ days_between('cut_off_date', 'ends_date') }} as days_to_renewal
    from numbered
    where recency = 1

),

-- months are counted from the day on which the contract began, as far as it is still
-- renewed on it: 31 January, 28 February, 31 March
measured as (

    select
        latest.*,
        terms.period_unit,
        case
            when terms.period_unit = 'month' then terms.month_count
            else latest.period_days
        end as period_length,
        case latest.ends_date
            when {{ day_in_month('latest.ends_date', 'latest.first_day_of_month') }}
                then latest.first_day_of_month
            when {{ day_in_month('latest.ends_date', 'day(latest.started_date)') }}
                then day(latest.started_date)
            else day(latest.ends_date)
        end as renewal_day_of_month
    from latest
    left join terms
        on latest.system = terms.system
        and latest.plan = terms.plan
        and {{ billed_months('latest.period_days') }} = terms.month_count

),

-- as many whole periods as begin in the time ahead; by the day of the month the last of
-- these renewals may still be due after it
stepped as (

    select
        *,
        cast(
            case period_unit
                when 'month' then {{ months_between('ends_date', 'ahead_end_date') }}
                else {{ days_between('ends_date', 'ahead_end_date') }}
            end // period_length * period_length as integer
        ) as length_ahead
    from measured

),

due as (

    select
        *,
        length_ahead // period_length as whole_period_count,
        case period_unit
            when 'month'
                then
                    {{ day_in_month(
                        'ends_date + to_months(length_ahead)', 'renewal_day_of_month'
                    ) }}
            else cast(ends_date + to_days(length_ahead) as date)
        end as last_due_date
    from stepped

),

final as (

    select
        -- ids
        due.system,
        due.subscription_source_id,
        due.cut_off,
        due.customer_id,

        -- attributes
        due.plan,
        due.is_open,
        due.period_unit,

        -- measures
        due.period_number - 1 as renewal_count,
        entries.unobserved_renewal_count,
        due.period_amount,
        cast(due.period_length as integer) as period_length,
        cast(case when due.is_open then due.days_to_renewal end as integer)
            as days_to_renewal,
        cast(
            case
                when not due.is_open then 0
                when due.ends_date >= due.ahead_end_date then 0
                when due.last_due_date < due.ahead_end_date
                    then due.whole_period_count + 1
                else due.whole_period_count
            end as integer
        ) as renewals_ahead_count,
        case
            when due.is_open then coalesce(later_periods.later_count, 0) else 0
        end as holdout_count

    from due
    inner join entries
        on due.system = entries.system
        and due.subscription_source_id = entries.subscription_source_id
    left join later_periods
        on due.system = later_periods.system
        and due.subscription_source_id = later_periods.subscription_source_id
        and due.cut_off = later_periods.cut_off

)

select * from final
