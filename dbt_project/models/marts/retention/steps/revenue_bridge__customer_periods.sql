with

customer_months as (

    select * from {{ ref('revenue_bridge__customer_months') }}

),

customer_years as (

    select * from {{ ref('revenue_bridge__customer_years') }}

),

periods as (

    select * from {{ ref('revenue_bridge__periods') }}

),

sums as (

    select
        revenue_type,
        'month' as period_type,
        customer_id,
        month_start_date as period_start_date,
        segment,
        has_history,
        revenue_amount
    from customer_months

    union all

    select
        revenue_type,
        'year' as period_type,
        customer_id,
        year_start_date as period_start_date,
        segment,
        has_history,
        revenue_amount
    from customer_years

),

compared as (

    select
        *,
        lag(segment) over history as previous_segment,
        coalesce(lag(segment, 2) over history, first_value(segment) over history)
            as base_start_segment,
        lag(revenue_amount) over history as previous_revenue_amount
    from sums
    window history as (
        partition by revenue_type, period_type, customer_id
        order by period_start_date
        rows between unbounded preceding and current row
    )

),

moved as (

    select *
    from compared
    where
        revenue_amount <> 0
        or previous_revenue_amount <> 0

),

final as (

    select
        -- grain
        moved.revenue_type,
        moved.period_type,
        moved.customer_id,
        moved.period_start_date,

        -- attributes
        periods.period_end_date,
        moved.segment,
        coalesce(moved.previous_segment, moved.segment) as previous_segment,
        moved.base_start_segment,
        moved.has_history,

        -- measures
        cast(coalesce(moved.previous_revenue_amount, 0) as decimal(18, 2))
            as previous_revenue_amount,
        moved.revenue_amount

    from moved
    inner join periods
        on moved.period_type = periods.period_type
        and moved.period_start_date = periods.period_start_date

)

select * from final
