with

scores as (

    select * from {{ ref('experience_scores__totals') }}
    where metric = 'csat'

),

final as (

    select
        -- grain
        month_start_date,
        survey_type,

        -- attributes
        is_complete,
        base_status,

        -- measures
        answer_count,
        invalid_count,
        superseded_count,
        cast(score_sum as bigint) as satisfied_count,
        cast(score as decimal(7, 6)) as csat_rate,
        cast(score_low as decimal(7, 6)) as csat_rate_low,
        cast(score_high as decimal(7, 6)) as csat_rate_high,
        delivered_count,
        responded_count,
        response_rate,
        customer_count,
        covered_customer_count,
        active_customer_count,
        coverage_rate

    from scores

)

select * from final
