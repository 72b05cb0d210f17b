with

periods as (

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

-- renewals ahead are counted from the as-of date, and from the start of the holdout
cut_offs as (

    select
        'as_of' as cut_off,
        as_of_date as cut_off_date,
        {{ var('value_horizon_days') }} as ahead_days
    from as_of

    union all

    select
        'holdout' as cut_off,
        cast(as_of_date - interval {{ var('holdout_days') }} day as date)
            as cut_off_date,
        {{ var('holdout_days') }} as ahead_days
    from as_of

),

numbered as (

    select
        periods.*,
        cut_offs.cut_off,
        cut_offs.cut_off_date,
        cut_offs.ahead_days,
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

measured as (

    select
        *,
        ends_date >= cut_off_date as is_open,
        greatest({{ days_between('started_date', 'ends_date') }}, 1) as period_days,
        {{ days_between('cut_off_date', 'ends_date') }} as days_to_renewal
    from numbered
    where recency = 1

),

final as (

    select
        -- ids
        measured.system,
        measured.subscription_source_id,
        measured.cut_off,
        measured.customer_id,

        -- attributes
        measured.plan,
        measured.is_open,

        -- measures
        measured.period_number - 1 as renewal_count,
        measured.period_amount,
        cast(measured.period_days as integer) as period_days,
        cast(case when measured.is_open then measured.days_to_renewal end as integer)
            as days_to_renewal,
        cast(
            case
                when not measured.is_open then 0
                when measured.days_to_renewal >= measured.ahead_days then 0
                else floor(
                    (measured.ahead_days - 1 - measured.days_to_renewal)
                    / cast(measured.period_days as double)
                ) + 1
            end as integer
        ) as renewals_ahead_count,
        case
            when measured.is_open then coalesce(later_periods.later_count, 0) else 0
        end as holdout_count

    from measured
    left join later_periods
        on measured.system = later_periods.system
        and measured.subscription_source_id = later_periods.subscription_source_id
        and measured.cut_off = later_periods.cut_off

)

select * from final
