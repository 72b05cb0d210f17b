with

overview as (

    select * from {{ ref('stage_overview__periods') }}
    where period_type = 'month'

),

final as (

    select
        -- grain
        period_start_date as month_start_date,
        segment,
        journey_stage,

        -- attributes
        is_complete,
        nps_base_status,
        csat_base_status,
        ces_base_status,
        repurchase_base_status,

        -- measures
        contact_count,
        delivered_count,
        responded_count,
        response_rate,
        nps_answer_count,
        nps_sum,
        nps,
        nps_low,
        nps_high,
        csat_answer_count,
        csat_sum,
        csat_rate,
        csat_rate_low,
        csat_rate_high,
        ces_answer_count,
        ces_sum,
        ces_square_sum,
        ces_mean,
        ces_mean_low,
        ces_mean_high,
        contacted_customer_count,
        observed_customer_count,
        repurchased_customer_count,
        repurchase_rate,
        repurchase_rate_low,
        repurchase_rate_high

    from overview

)

select * from final
