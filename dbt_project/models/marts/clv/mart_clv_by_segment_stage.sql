with

customer_values as (

    select * from {{ ref('mart_customer_lifetime_value') }}

),

limits as (

    select * from {{ ref('clv_by_segment_stage__limits') }}

),

ranked as (

    select
        *,
        row_number() over (
            order by residual_value_amount desc nulls last, customer_id asc
        ) as value_rank,
        count(residual_value_amount) over () as all_forecast_count
    from customer_values

),

flagged as (

    select
        *,
        residual_value_amount is not null
        and value_rank <= ceil(0.1 * all_forecast_count) as is_top_decile
    from ranked

),

summed as (

    select
        segment,
        lifecycle_stage,
        value_tier,
        as_of_date,
        count(*) as customer_count,
        count(residual_value_amount) as forecast_count,
        count(*) filter (where is_top_decile) as top_decile_count,
        coalesce(sum(historic_value_amount), 0) as historic_value_amount,
        coalesce(sum(expected_orders), 0) as expected_orders,
        coalesce(sum(expected_margin_amount), 0) as expected_margin_amount,
        coalesce(sum(residual_value_amount), 0) as residual_value_amount,
        coalesce(
            sum(residual_value_amount) filter (where is_top_decile), 0
        ) as top_decile_amount
    from flagged
    group by segment, lifecycle_stage, value_tier, as_of_date

),

totalled as (

    select
        summed.*,
        limits.total_low,
        limits.total_high,
        limits.mean_low,
        limits.mean_high,
        {{ base_status('summed.forecast_count') }} as base_status,
        sum(summed.residual_value_amount) over () as all_residual_value_amount
    from summed
    left join limits
        on summed.segment = limits.segment
        and summed.lifecycle_stage = limits.lifecycle_stage
        and summed.value_tier = limits.value_tier

),

final as (

    select
        -- ids
        segment,
        lifecycle_stage,
        value_tier,

        -- attributes
        base_status,

        -- measures
        customer_count,
        forecast_count,
        cast(historic_value_amount as decimal(18, 2)) as historic_value_amount,
        cast(expected_orders as decimal(18, 6)) as expected_orders,
        cast(expected_margin_amount as decimal(18, 2)) as expected_margin_amount,
        cast(residual_value_amount as decimal(18, 2)) as residual_value_amount,
        {{ where_shown('total_low', 'decimal(18, 2)') }} as residual_value_amount_low,
        {{ where_shown('total_high', 'decimal(18, 2)') }}
            as residual_value_amount_high,
        {{ where_shown(
            'round(residual_value_amount / cast(forecast_count as double), 2)',
            'decimal(18, 2)'
        ) }} as mean_residual_value_amount,
        {{ where_shown('mean_low', 'decimal(18, 2)') }}
            as mean_residual_value_amount_low,
        {{ where_shown('mean_high', 'decimal(18, 2)') }}
            as mean_residual_value_amount_high,
        {{ rate('residual_value_amount', 'all_residual_value_amount') }}
            as residual_value_share_rate,
        top_decile_count,
        cast(top_decile_amount as decimal(18, 2)) as top_decile_amount,
        {{ rate('top_decile_amount', 'residual_value_amount') }}
            as top_decile_share_rate,

        -- times
        as_of_date

    from totalled

)

select * from final
