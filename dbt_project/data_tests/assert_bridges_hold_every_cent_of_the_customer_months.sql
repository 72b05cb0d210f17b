-- A failing row is a month or year and revenue type whose closing amount is not the sum of the
-- customer months, or of the contract periods open at the month's end.
{{ config(meta={'dagster': {'ref': {'name': 'revenue_bridge__figures'}}}) }}
with

bridges as (

    select * from {{ ref('revenue_bridge__figures') }}

),

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

subscriptions as (

    select * from {{ ref('fct_subscriptions') }}

),

as_of as (

    select
        date_day as as_of_date,
        {{ start_of_day('date_day') }} as as_of_at
    from {{ ref('dim_dates') }}
    where is_as_of

),

-- bridges have the segments of their bases, customer months their own: compare all segments
closings as (

    select
        'orders' as revenue_type,
        'month' as period_type,
        month_start_date as period_start_date,
        sum(revenue_amount) as amount
    from customer_months
    group by month_start_date

    union all

    select
        'orders' as revenue_type,
        'year' as period_type,
        cast(date_trunc('year', month_start_date) as date) as period_start_date,
        sum(revenue_amount) as amount
    from customer_months
    group by date_trunc('year', month_start_date)

    union all

    select
        'subscriptions' as revenue_type,
        'month' as period_type,
        {{ month_start('as_of.as_of_date - interval 1 day') }} as period_start_date,
        sum(subscriptions.monthly_amount) as amount
    from subscriptions
    inner join as_of
        on subscriptions.started_at < as_of.as_of_at
        and subscriptions.ends_at >= as_of.as_of_at
    where
        subscriptions.customer_id <> {{ unknown_key() }}
        and (
            subscriptions.renewed_at is null
            or subscriptions.renewed_at >= as_of.as_of_at
        )
    group by as_of.as_of_date

),

totals as (

    select
        revenue_type,
        period_type,
        period_start_date,
        sum(closing_amount) as amount
    from bridges
    group by revenue_type, period_type, period_start_date

),

final as (

    select
        closings.revenue_type,
        closings.period_type,
        closings.period_start_date,
        closings.amount as expected_amount,
        totals.amount as bridged_amount
    from closings
    left join totals
        on closings.revenue_type = totals.revenue_type
        and closings.period_type = totals.period_type
        and closings.period_start_date = totals.period_start_date
    where closings.amount <> coalesce(totals.amount, 0)

)

select * from final
