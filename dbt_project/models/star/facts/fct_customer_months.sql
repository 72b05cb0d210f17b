with

standing as (

    select
        *,
        {{ ranked_recency() }} as recency,
        {{ ranked_frequency() }} as frequency,
        {{ ranked_monetary() }} as monetary
    from {{ ref('customer_months__standing') }}

),

ends as (

    select
        month_start_date,
        {{ tier_ends('recency') }},
        {{ tier_ends('frequency') }},
        {{ tier_ends('monetary') }}
    from {{ ref('customer_months__cut_points') }}
    group by month_start_date

),

final as (

    select
        -- ids
        {{ surrogate_key(['customer_id', 'standing.month_start_date']) }}
            as customer_month_key,
        standing.customer_key,
        standing.customer_id,
        standing.month_start_date,

        -- attributes
        standing.segment,
        standing.lifecycle_stage,
        standing.is_active,
        standing.latest_nps_band,
        -- everybody who ever bought is ranked
        case
            when standing.recency is not null
                then {{ tier_of('recency', 'recency') }}
        end as recency_tier,
        case
            when standing.recency is not null
                then {{ tier_of('frequency', 'frequency') }}
        end as frequency_tier,
        case
            when standing.recency is not null
                then {{ tier_of('monetary', 'monetary') }}
        end as monetary_tier,

        -- measures
        standing.order_count,
        standing.interaction_count,
        standing.revenue_amount,
        standing.margin_amount

    from standing
    left join ends
        on standing.month_start_date = ends.month_start_date

)

select * from final
