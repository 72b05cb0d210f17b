-- A failing row is a segment whose closing amount or customers of a month or year are not
-- the opening of the next one.
{{ config(meta={'dagster': {'ref': {'name': 'revenue_bridge__figures'}}}) }}
with

bridges as (

    select * from {{ ref('revenue_bridge__figures') }}

),

last_periods as (

    select
        revenue_type,
        period_type,
        max(period_start_date) as last_period_start_date
    from bridges
    group by revenue_type, period_type

),

closings as (

    select
        bridges.revenue_type,
        bridges.period_type,
        bridges.segment,
        cast(
            case
                when bridges.period_type = 'year'
                    then bridges.period_start_date + interval 1 year
                else bridges.period_start_date + interval 1 month
            end as date
        ) as period_start_date,
        bridges.closing_amount,
        bridges.closing_customer_count
    from bridges
    left join last_periods
        on bridges.revenue_type = last_periods.revenue_type
        and bridges.period_type = last_periods.period_type
    where bridges.period_start_date < last_periods.last_period_start_date

),

final as (

    select
        coalesce(closings.revenue_type, bridges.revenue_type) as revenue_type,
        coalesce(closings.period_type, bridges.period_type) as period_type,
        coalesce(closings.period_start_date, bridges.period_start_date)
            as period_start_date,
        coalesce(closings.segment, bridges.segment) as segment,
        closings.closing_amount,
        bridges.opening_amount
    from closings
    full join bridges
        on closings.revenue_type = bridges.revenue_type
        and closings.period_type = bridges.period_type
        and closings.period_start_date = bridges.period_start_date
        and closings.segment = bridges.segment
    where
        coalesce(closings.closing_amount, 0) <> coalesce(bridges.opening_amount, 0)
        or coalesce(closings.closing_customer_count, 0)
        <> coalesce(bridges.opening_customer_count, 0)

)

select * from final
