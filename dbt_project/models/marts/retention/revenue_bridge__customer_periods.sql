with

customer_months as (

    select * from {{ ref('revenue_bridge__customer_months') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

-- where a customer stands at the end of a year is what the year's last month says
years as (

    select
        dates.year_start_date,
        max(dates.month_start_date) as last_month_start_date,
        dates.year_start_date + interval 1 year <= as_of.as_of_date as is_complete
    from dates
    inner join as_of
        on dates.date_day < as_of.as_of_date
    group by dates.year_start_date, as_of.as_of_date

),

year_months as (

    select
        customer_months.*,
        years.year_start_date,
        years.is_complete as is_year_complete,
        customer_months.month_start_date = years.last_month_start_date
            as is_last_month
    from customer_months
    inner join years
        on date_trunc('year', customer_months.month_start_date) = years.year_start_date

),

periods as (

    select
        revenue_type,
        'month' as period_type,
        customer_id,
        month_start_date as period_start_date,
        segment,
        is_complete,
        history_start_date <= month_start_date - interval 1 month as is_base_complete,
        purchase_count,
        revenue_amount
    from customer_months

    union all

    select
        revenue_type,
        'year' as period_type,
        customer_id,
        year_start_date as period_start_date,
        max(segment) filter (where is_last_month) as segment,
        is_year_complete as is_complete,
        history_start_date <= year_start_date - interval 1 year as is_base_complete,
        sum(purchase_count) as purchase_count,
        -- orders add up over the year; of subscriptions, what runs at its end is told
        sum(revenue_amount) filter (
            where revenue_type = 'orders' or is_last_month
        ) as revenue_amount
    from year_months
    group by
        revenue_type, customer_id, year_start_date, is_year_complete, history_start_date

),

compared as (

    select
        *,
        lag(segment) over history as previous_segment,
        coalesce(lag(segment, 2) over history, first_value(segment) over history)
            as base_start_segment,
        lag(revenue_amount) over history as previous_revenue_amount,
        sum(purchase_count) over history as purchase_count_to_date
    from periods
    window history as (
        partition by revenue_type, period_type, customer_id
        order by period_start_date
        rows between unbounded preceding and current row
    )

),

final as (

    select
        -- grain
        revenue_type,
        period_type,
        customer_id,
        period_start_date,

        -- attributes
        segment,
        coalesce(previous_segment, segment) as previous_segment,
        base_start_segment,
        is_complete,
        is_base_complete,
        purchase_count_to_date > purchase_count as has_history,

        -- measures
        cast(coalesce(previous_revenue_amount, 0) as decimal(18, 2))
            as previous_revenue_amount,
        cast(revenue_amount as decimal(18, 2)) as revenue_amount

    from compared
    where
        revenue_amount <> 0
        or previous_revenue_amount <> 0

)

select * from final
