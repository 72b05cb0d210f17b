with

figures as (

    select * from {{ ref('retention__figures') }}

),

final as (

    select
        -- grain
        month_start_date,
        segment,
        lifecycle_stage,

        -- attributes
        is_complete,
        is_base_complete,
        base_status,
        stage_base_status,

        -- measures
        period_months,
        distance_months,
        stage_customer_count,
        stage_buyer_count,
        base_customer_count,
        retained_customer_count,
        churned_customer_count,
        open_customer_count,
        new_customer_count,
        reactivated_customer_count,
        active_customer_count,
        base_revenue_amount,
        kept_revenue_amount,
        retained_revenue_amount,
        new_revenue_amount,
        reactivated_revenue_amount,
        purchase_rate,
        purchase_rate_low,
        purchase_rate_high,
        logo_retention_rate,
        logo_retention_rate_low,
        logo_retention_rate_high,
        gross_revenue_retention_rate,
        gross_revenue_retention_rate_low,
        gross_revenue_retention_rate_high,
        net_revenue_retention_rate,
        net_revenue_retention_rate_low,
        net_revenue_retention_rate_high

    from figures
    where revenue_type = 'orders'

)

select * from final
