with

figures as (

    select * from {{ ref('earned_growth__figures') }}

),

final as (

    select
        -- grain
        year_start_date,
        segment,

        -- attributes
        is_complete,
        is_base_complete,
        base_status,

        -- measures
        base_customer_count,
        new_customer_count,
        base_revenue_amount,
        retained_revenue_amount,
        reactivated_revenue_amount,
        new_revenue_amount,
        earned_revenue_amount,
        bought_revenue_amount,
        unknown_reason_revenue_amount,
        unknown_reason_rate,
        net_revenue_retention_rate,
        net_revenue_retention_rate_low,
        net_revenue_retention_rate_high,
        growth_rate,
        growth_rate_low,
        growth_rate_high,
        low_earned_growth_rate,
        low_earned_growth_rate_low,
        low_earned_growth_rate_high,
        high_earned_growth_rate,
        high_earned_growth_rate_low,
        high_earned_growth_rate_high,
        low_earned_growth_ratio,
        high_earned_growth_ratio

    from figures
    where revenue_type = 'subscriptions'

)

select * from final
