with

months as (

    select
        *,
        {{ ranked('recency') }} as recency,
        {{ ranked('frequency') }} as frequency,
        {{ ranked('monetary') }} as monetary
    from {{ ref('customer_months__cumulative') }}

),

ends as (

    select
        month_start_date,
        {{ tier_ends('recency') }},
        {{ tier_ends('frequency') }},
        {{ tier_ends('monetary') }}
    from {{ ref('customer_months__tier_ends') }}
    group by month_start_date

),

ranked as (

    select
        months.*,
        {{ tier_of('recency') }} as recency_tier,
        {{ tier_of('frequency') }} as frequency_tier,
        {{ tier_of('monetary') }} as monetary_tier
    from months
    left join ends
        on months.month_start_date = ends.month_start_date

),

final as (

    select
        -- ids
        {{ surrogate_key(['customer_id', 'month_start_date']) }} as customer_month_key,
        customer_key,
        customer_id,
        month_start_date,

        -- attributes
        segment,
        lifecycle_stage,
        is_active,
        latest_nps_band,
        recency_tier,
        frequency_tier,
        monetary_tier,

        -- measures
        order_count,
        interaction_count,
        revenue_amount,
        margin_amount

    from ranked

)

select * from final
