with

customers as (

    select * from {{ ref('earned_growth__customers') }}

),

limits as (

    select * from {{ ref('earned_growth__limits') }}

),

summed as (

    select
        revenue_type,
        year_start_date,
        segment,
        is_complete,
        is_base_complete,
        count(*) filter (where is_base) as base_customer_count,
        count(*) filter (where is_new) as new_customer_count,
        sum(base_revenue_amount) as base_revenue_amount,
        sum(retained_revenue_amount) as retained_revenue_amount,
        sum(reactivated_revenue_amount) as reactivated_revenue_amount,
        sum(new_revenue_amount) as new_revenue_amount,
        sum(earned_revenue_amount) as earned_revenue_amount,
        sum(bought_revenue_amount) as bought_revenue_amount,
        sum(unknown_reason_revenue_amount) as unknown_reason_revenue_amount
    from customers
    group by revenue_type, year_start_date, segment, is_complete, is_base_complete

),

grown as (

    select
        *,
        retained_revenue_amount + reactivated_revenue_amount + new_revenue_amount
        - base_revenue_amount as growth_amount,
        retained_revenue_amount + earned_revenue_amount - base_revenue_amount
            as low_earned_growth_amount,
        retained_revenue_amount + earned_revenue_amount + unknown_reason_revenue_amount
        - base_revenue_amount as high_earned_growth_amount,
        {{ base_status('base_customer_count') }} as base_status,
        -- other years have no rates
        case when is_complete and is_base_complete then base_revenue_amount end
            as rated_revenue_amount
    from summed

),

-- a share of growth is defined only where revenue grew
with_limits as (

    select
        grown.*,
        case
            when grown.rated_revenue_amount > 0 and grown.growth_amount > 0
                then grown.growth_amount
        end as rated_growth_amount,
        limits.net_low,
        limits.net_high,
        limits.total_low,
        limits.total_high,
        limits.least_earned_low,
        limits.least_earned_high,
        limits.most_earned_low,
        limits.most_earned_high
    from grown
    left join limits
        on grown.revenue_type = limits.revenue_type
        and grown.year_start_date = limits.year_start_date
        and grown.segment = limits.segment

),

final as (

    select
        -- grain
        revenue_type,
        year_start_date,
        segment,

        -- attributes
        is_complete,
        is_base_complete,
        base_status,

        -- measures
        cast(base_customer_count as bigint) as base_customer_count,
        cast(new_customer_count as bigint) as new_customer_count,
        cast(base_revenue_amount as decimal(18, 2)) as base_revenue_amount,
        cast(retained_revenue_amount as decimal(18, 2)) as retained_revenue_amount,
        cast(reactivated_revenue_amount as decimal(18, 2))
            as reactivated_revenue_amount,
        cast(new_revenue_amount as decimal(18, 2)) as new_revenue_amount,
        cast(earned_revenue_amount as decimal(18, 2)) as earned_revenue_amount,
        cast(bought_revenue_amount as decimal(18, 2)) as bought_revenue_amount,
        cast(unknown_reason_revenue_amount as decimal(18, 2))
            as unknown_reason_revenue_amount,
        {{ rate('unknown_reason_revenue_amount', 'new_revenue_amount') }}
            as unknown_reason_rate,
        {{ where_shown(
            rate('retained_revenue_amount', 'rated_revenue_amount'), 'decimal(18, 6)'
        ) }} as net_revenue_retention_rate,
        {{ where_shown('net_low', 'decimal(18, 6)') }}
            as net_revenue_retention_rate_low,
        {{ where_shown('net_high', 'decimal(18, 6)') }}
            as net_revenue_retention_rate_high,
        {{ where_shown(
            rate('growth_amount', 'rated_revenue_amount'), 'decimal(18, 6)'
        ) }} as growth_rate,
        {{ where_shown('total_low - 1', 'decimal(18, 6)') }}
            as growth_rate_low,
        {{ where_shown('total_high - 1', 'decimal(18, 6)') }}
            as growth_rate_high,
        {{ where_shown(
            rate('low_earned_growth_amount', 'rated_revenue_amount'), 'decimal(18, 6)'
        ) }} as low_earned_growth_rate,
        {{ where_shown('least_earned_low - 1', 'decimal(18, 6)') }}
            as low_earned_growth_rate_low,
        {{ where_shown('least_earned_high - 1', 'decimal(18, 6)') }}
            as low_earned_growth_rate_high,
        {{ where_shown(
            rate('high_earned_growth_amount', 'rated_revenue_amount'), 'decimal(18, 6)'
        ) }} as high_earned_growth_rate,
        {{ where_shown('most_earned_low - 1', 'decimal(18, 6)') }}
            as high_earned_growth_rate_low,
        {{ where_shown('most_earned_high - 1', 'decimal(18, 6)') }}
            as high_earned_growth_rate_high,
        {{ where_shown(
            rate('low_earned_growth_amount', 'rated_growth_amount'), 'decimal(18, 6)'
        ) }} as low_earned_growth_ratio,
        {{ where_shown(
            rate('high_earned_growth_amount', 'rated_growth_amount'), 'decimal(18, 6)'
        ) }} as high_earned_growth_ratio

    from with_limits

)

select * from final
