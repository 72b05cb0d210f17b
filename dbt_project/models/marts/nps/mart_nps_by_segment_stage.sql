with

scores as (

    select * from {{ ref('nps_by_segment_stage__periods') }}
    where period_type = 'month'

),

final as (

    select
        -- grain
        period_start_date as month_start_date,
        survey_type,
        segment,
        journey_stage,

        -- attributes
        is_complete,
        base_status,

        -- measures
        answer_count,
        promoter_count,
        passive_count,
        detractor_count,
        invalid_count,
        superseded_count,
        nps_sum,
        nps,
        nps_low,
        nps_high,
        nps_shrunk,
        nps_shrunk_low,
        nps_shrunk_high,
        own_answers_weight

    from scores

)

select * from final
