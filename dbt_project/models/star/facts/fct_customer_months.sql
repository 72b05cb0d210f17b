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

    select * from {{ ref('customer_months__tier_ends') }}

),

ranked as (

    select
        months.*,
        {{ fifth_of('recency') }} as recency_tier,
        {{ fifth_of('frequency') }} as frequency_tier,
        {{ fifth_of('monetary') }} as monetary_tier
    from months
    {% for measure in ['recency', 'frequency', 'monetary'] -%}
        left join ends as {{ measure }}_ends
            on months.month_start_date = {{ measure }}_ends.month_start_date
            and {{ measure }}_ends.measure = '{{ measure }}'
    {% endfor %}

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
