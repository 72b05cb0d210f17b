with

standing as (

    select * from {{ ref('customer_months__standing') }}

),

-- everybody who ever bought is ranked, month by month; the customer's id breaks ties
ranked as (

    select
        *,
        last_ordered_date is not null as has_ordered,
        ntile(5) over (
            partition by month_start_date, last_ordered_date is not null
            order by last_ordered_date, customer_id
        ) as recency_tier,
        ntile(5) over (
            partition by month_start_date, last_ordered_date is not null
            order by cumulative_order_count, customer_id
        ) as frequency_tier,
        ntile(5) over (
            partition by month_start_date, last_ordered_date is not null
            order by cumulative_revenue_amount, customer_id
        ) as monetary_tier
    from standing

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
        case when has_ordered then recency_tier end as recency_tier,
        case when has_ordered then frequency_tier end as frequency_tier,
        case when has_ordered then monetary_tier end as monetary_tier,

        -- measures
        order_count,
        interaction_count,
        revenue_amount,
        margin_amount

    from ranked

)

select * from final
