with

scores as (

    select * from {{ ref('experience_scores__groups') }}
    where metric = 'nps'

),

final as (

    select
        -- grain
        month_start_date,
        survey_type,
        touchpoint,
        segment,

        -- attributes
        is_complete,
        base_status,

        -- measures
        answer_count,
        cast({{ promoters('score_sum', 'score_square_sum') }} as bigint)
            as promoter_count,
        cast(answer_count - score_square_sum as bigint) as passive_count,
        cast({{ detractors('score_sum', 'score_square_sum') }} as bigint)
            as detractor_count,
        invalid_count,
        superseded_count,
        cast(score_sum as bigint) as nps_sum,
        cast(score as decimal(7, 4)) as nps,
        cast(score_low as decimal(7, 4)) as nps_low,
        cast(score_high as decimal(7, 4)) as nps_high,
        delivered_count,
        responded_count,
        response_rate

    from scores

)

select * from final
