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

customer_bases as (

    select * from {{ ref('revenue_bridge__customer_bases') }}

),

sums as (

    select
        revenue_type,
        'month' as period_type,
        customer_id,
        month_start_date as period_start_date,
        month_start_date as last_month_start_date,
        has_history,
        revenue_amount
    from customer_months

    union all

    select
        revenue_type,
        'year' as period_type,
        customer_id,
        year_start_date as period_start_date,
        last_month_start_date,
        has_history,
        revenue_amount
    from customer_years

),

placed as (

    select
        sums.*,
        case sums.period_type
            when 'month' then customer_bases.month_segment
            else customer_bases.year_segment
        end as segment
    from sums
    left join customer_bases
        on sums.customer_id = customer_bases.customer_id
        and sums.last_month_start_date = customer_bases.month_start_date

),

compared as (

    select
        *,
        lag(segment) over history as previous_segment,
        lag(revenue_amount) over history as previous_revenue_amount
    from placed
    window history as (
        partition by revenue_type, period_type, customer_id
        order by period_start_date
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
