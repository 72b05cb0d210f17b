with

periods as (

    select * from {{ ref('fct_subscriptions') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

-- a period counts where its renewal was observed to come or not: from the start of the
-- history on (delayed entry), and not while it is open (censoring)
due as (

    select
        periods.plan,
        coalesce(customers.segment, 'unknown') as segment,
        periods.period_number,
        periods.outcome
    from periods
    left join customers
        on periods.customer_key = customers.customer_key
    where
        periods.outcome <> 'open'
        and periods.ends_date >= coalesce({{ history_start() }}, periods.ends_date)

),

counted as (

    select
        plan,
        segment,
        period_number,
        count(*) as due_count,
        count(*) filter (where outcome = 'renewed') as renewed_count,
        count(*) filter (where outcome = 'ended') as lost_count
    from due
    group by plan, segment, period_number

),

-- Kaplan-Meier: the product of the renewal rates. It rests on every period so far, so its
-- base is the smallest of them, and ends where a period has no contract
multiplied as (

    select
        *,
        sum(lost_count) over periods_so_far as total_lost_count,
        product(renewed_count / cast(due_count as double)) over periods_so_far
            as survival,
        sum(
            lost_count
            / nullif(cast(due_count as double) * renewed_count, 0)
        ) over periods_so_far as greenwood_sum,
        case
            when row_number() over periods_so_far = period_number
                then min(due_count) over periods_so_far
            else 0
        end as survival_base_count
    from counted
    window periods_so_far as (
        partition by plan, segment
        order by period_number
    )

),

with_base_status as (

    select
        *,
        {{ base_status('due_count') }} as base_status,
        {{ base_status('survival_base_count') }} as survival_base_status
    from multiplied

),

-- without a loss, or without a survivor, Greenwood's variance is zero or infinite:
-- Wilson's limit of the smallest base takes its place
with_interval as (

    select
        *,
        case
            when survival_base_status = 'suppressed' then null
            when total_lost_count = 0
                then {{ share_low('survival_base_count', 'survival_base_count') }}
            when survival = 0 then 0
            else {{ survival_bound('survival', 'greenwood_sum', '+') }}
        end as survival_low,
        case
            when survival_base_status = 'suppressed' then null
            when total_lost_count = 0 then 1
            when survival = 0 then {{ share_high(0, 'survival_base_count') }}
            else {{ survival_bound('survival', 'greenwood_sum', '-') }}
        end as survival_high
    from with_base_status

),

dated as (

    select
        with_interval.*,
        as_of.as_of_date
    from with_interval
    cross join as_of

),

final as (

    select
        -- grain
        plan,
        segment,
        period_number,

        -- attributes
        base_status,
        survival_base_status,

        -- measures
        due_count,
        renewed_count,
        lost_count,
        {{ where_shown(rate('renewed_count', 'due_count'), 'decimal(9, 6)') }}
            as renewal_rate,
        {{ where_shown(share_low('renewed_count', 'due_count'), 'decimal(9, 6)') }}
            as renewal_rate_low,
        {{ where_shown(share_high('renewed_count', 'due_count'), 'decimal(9, 6)') }}
            as renewal_rate_high,
        cast(survival_base_count as bigint) as survival_base_count,
        cast(
            case when survival_base_status <> 'suppressed' then survival end
            as decimal(9, 6)
        ) as survival_probability,
        cast(survival_low as decimal(9, 6)) as survival_probability_low,
        cast(survival_high as decimal(9, 6)) as survival_probability_high,
        min(
            case
                when survival_base_status <> 'suppressed' and round(survival, 9) <= 0.5
                    then period_number
            end
        ) over (partition by plan, segment) as median_period_number,

        -- times
        as_of_date

    from dated

)

select * from final
