with

years as (

    select * from {{ ref('revenue_bridge__periods') }}
    where period_type = 'year'

),

months as (

    select
        *,
        {{ year_start('month_start_date') }} as year_start_date
    from {{ ref('revenue_bridge__customer_months') }}

),

customer_months as (

    select
        months.*,
        months.month_start_date = years.last_month_start_date as is_last_month
    from months
    inner join years
        on months.year_start_date = years.period_start_date

),

final as (

    select
        -- grain
        revenue_type,
        customer_id,
        year_start_date,

        -- attributes
        max(month_start_date) as last_month_start_date,
        bool_and(has_history) as has_history,

        -- measures
        -- orders add up over the year; subscriptions count with what runs at its end
        cast(
            sum(revenue_amount) filter (
                where revenue_type = 'orders' or is_last_month
            ) as decimal(18, 2)
        ) as revenue_amount

    from customer_months
    group by revenue_type, customer_id, year_start_date

)

select * from final
