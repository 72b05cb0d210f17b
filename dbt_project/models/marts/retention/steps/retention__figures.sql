with

customers as (

    select * from {{ ref('retention__customers') }}

),

limits as (

    select * from {{ ref('retention__limits') }}

),

classified as (

    select
        *,
        base_revenue_amount > 0 as is_base,
        base_revenue_amount > 0 and revenue_amount > 0 as is_retained,
        base_revenue_amount > 0 and revenue_amount <= 0 as is_gone,
        base_revenue_amount <= 0 and revenue_amount > 0 and has_history
            as is_reactivated,
        base_revenue_amount <= 0 and revenue_amount > 0 and not has_history as is_new,
        greatest(revenue_amount, 0) as positive_revenue_amount
    from customers

),

counted as (

    select
        revenue_type,
        month_start_date,
        segment,
        lifecycle_stage,
        period_months,
        distance_months,
        is_complete,
        is_base_complete,
        count(*) filter (where is_known) as stage_customer_count,
        count(*) filter (where is_known and revenue_amount > 0) as stage_buyer_count,
        count(*) filter (where is_base) as base_customer_count,
        count(*) filter (where is_retained) as retained_customer_count,
        count(*) filter (where is_gone) as gone_customer_count,
        count(*) filter (where is_new) as new_customer_count,
        count(*) filter (where is_reactivated) as reactivated_customer_count,
        count(*) filter (where revenue_amount > 0) as active_customer_count,
        coalesce(sum(base_revenue_amount) filter (where is_base), 0)
            as base_revenue_amount,
        coalesce(
            sum(least(base_revenue_amount, positive_revenue_amount)) filter (
                where is_base
            ),
            0
        ) as kept_revenue_amount,
        coalesce(sum(positive_revenue_amount) filter (where is_base), 0)
            as retained_revenue_amount,
        coalesce(sum(positive_revenue_amount) filter (where is_new), 0)
            as new_revenue_amount,
        coalesce(sum(positive_revenue_amount) filter (where is_reactivated), 0)
            as reactivated_revenue_amount
    from classified
    group by
        revenue_type,
        month_start_date,
        segment,
        lifecycle_stage,
        period_months,
        distance_months,
        is_complete,
        is_base_complete

),

-- a customer has churned only once the period has ended; rates need a whole base too
with_completeness as (

    select
        *,
        case when is_complete then gone_customer_count else 0 end
            as churned_customer_count,
        case when is_complete then 0 else gone_customer_count end
            as open_customer_count,
        {{ base_status('base_customer_count') }} as base_status,
        {{ base_status('stage_customer_count') }} as stage_base_status,
        case when is_complete and is_base_complete then base_customer_count end
            as rated_customer_count,
        case when is_complete and is_base_complete then stage_customer_count end
            as rated_stage_customer_count,
        case when is_complete and is_base_complete then base_revenue_amount end
            as rated_revenue_amount
    from counted

),

with_limits as (

    select
        with_completeness.*,
        limits.gross_low,
        limits.gross_high,
        limits.net_low,
        limits.net_high
    from with_completeness
    left join limits
        on with_completeness.revenue_type = limits.revenue_type
        and with_completeness.month_start_date = limits.month_start_date
        and with_completeness.segment = limits.segment
        and with_completeness.lifecycle_stage = limits.lifecycle_stage

),

final as (

    select
        -- grain
        revenue_type,
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
        cast(stage_customer_count as bigint) as stage_customer_count,
        cast(stage_buyer_count as bigint) as stage_buyer_count,
        cast(base_customer_count as bigint) as base_customer_count,
        cast(retained_customer_count as bigint) as retained_customer_count,
        cast(churned_customer_count as bigint) as churned_customer_count,
        cast(open_customer_count as bigint) as open_customer_count,
        cast(new_customer_count as bigint) as new_customer_count,
        cast(reactivated_customer_count as bigint) as reactivated_customer_count,
        cast(active_customer_count as bigint) as active_customer_count,
        cast(base_revenue_amount as decimal(18, 2)) as base_revenue_amount,
        cast(kept_revenue_amount as decimal(18, 2)) as kept_revenue_amount,
        cast(retained_revenue_amount as decimal(18, 2)) as retained_revenue_amount,
        cast(new_revenue_amount as decimal(18, 2)) as new_revenue_amount,
        cast(reactivated_revenue_amount as decimal(18, 2))
            as reactivated_revenue_amount,
        {{ where_shown(
            rate('stage_buyer_count', 'rated_stage_customer_count'),
            'decimal(18, 6)', 'stage_base_status'
        ) }} as purchase_rate,
        {{ where_shown(
            share_low('stage_buyer_count', 'rated_stage_customer_count'),
            'decimal(18, 6)', 'stage_base_status'
        ) }} as purchase_rate_low,
        {{ where_shown(
            share_high('stage_buyer_count', 'rated_stage_customer_count'),
            'decimal(18, 6)', 'stage_base_status'
        ) }} as purchase_rate_high,
        {{ where_shown(
            rate('retained_customer_count', 'rated_customer_count'), 'decimal(18, 6)'
        ) }} as logo_retention_rate,
        {{ where_shown(
            share_low('retained_customer_count', 'rated_customer_count'),
            'decimal(18, 6)'
        ) }} as logo_retention_rate_low,
        {{ where_shown(
            share_high('retained_customer_count', 'rated_customer_count'),
            'decimal(18, 6)'
        ) }} as logo_retention_rate_high,
        {{ where_shown(
            rate('kept_revenue_amount', 'rated_revenue_amount'), 'decimal(18, 6)'
        ) }} as gross_revenue_retention_rate,
        {{ where_shown('gross_low', 'decimal(18, 6)') }}
            as gross_revenue_retention_rate_low,
        {{ where_shown('gross_high', 'decimal(18, 6)') }}
            as gross_revenue_retention_rate_high,
        {{ where_shown(
            rate('retained_revenue_amount', 'rated_revenue_amount'), 'decimal(18, 6)'
        ) }} as net_revenue_retention_rate,
        {{ where_shown('net_low', 'decimal(18, 6)') }}
            as net_revenue_retention_rate_low,
        {{ where_shown('net_high', 'decimal(18, 6)') }}
            as net_revenue_retention_rate_high

    from with_limits

)

select * from final
