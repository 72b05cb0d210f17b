with

subscriptions as (

    select * from {{ ref('int_subscriptions__unioned') }}

),

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

followed as (

    select
        *,
        lead(started_at) over (
            partition by system, subscription_source_id
            order by started_at, period_number, source_id
        ) as renewed_at,
        {{ days_between(local_date('started_at'), local_date('ends_at')) }}
            as period_days
    from subscriptions

),

-- a period of 28 to 31 days is a month, one of 365 is twelve; a shorter one, such as a
-- week, is a part of a month by its days
periods as (

    select
        *,
        case
            when period_days <= 0 then 1
            when period_days < 28 then period_days * 12 / 365.25
            else {{ whole_months('period_days') }}
        end as period_months
    from followed

),

final as (

    select
        -- ids
        {{ surrogate_key(['periods.system', 'periods.source_id']) }}
            as subscription_period_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(identities.customer_id, {{ unknown_key() }}) as customer_id,
        {{ local_date('periods.started_at') }} as started_date,
        {{ local_date('periods.ends_at') }} as ends_date,
        periods.system,
        periods.source_id,
        periods.subscription_source_id,

        -- attributes
        coalesce(periods.plan, 'unknown') as plan,
        case
            when periods.renewed_at is not null then 'renewed'
            when periods.ends_at < {{ start_of_day('as_of.as_of_date') }} then 'ended'
            else 'open'
        end as outcome,

        -- measures
        periods.period_number,
        periods.period_amount,
        cast(
            round(periods.period_amount / periods.period_months, 2) as decimal(18, 2)
        ) as monthly_amount,

        -- times
        periods.started_at,
        periods.ends_at,
        periods.renewed_at

    from periods
    cross join as_of
    left join identities
        on periods.system = identities.system
        and periods.customer_source_id = identities.source_id
    left join customers
        on identities.customer_id = customers.customer_id
        and periods.started_at >= customers.valid_from
        and periods.started_at < customers.valid_to

)

select * from final
