with

answers as (

    select * from {{ ref('experience_scores__values') }}

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        segment,
        journey_stage,

        -- measures
        count(score_value) filter (where metric = 'nps') as nps_answer_count,
        cast(
            coalesce(sum(score_value) filter (where metric = 'nps'), 0) as bigint
        ) as nps_sum,
        cast(
            coalesce(sum(abs(score_value)) filter (where metric = 'nps'), 0) as bigint
        ) as nps_square_sum,
        count(score_value) filter (where metric = 'csat') as csat_answer_count,
        cast(
            coalesce(sum(score_value) filter (where metric = 'csat'), 0) as bigint
        ) as csat_sum,
        count(score_value) filter (where metric = 'ces_mean') as ces_answer_count,
        cast(
            coalesce(sum(score_value) filter (where metric = 'ces_mean'), 0)
            as decimal(18, 6)
        ) as ces_sum,
        cast(
            coalesce(
                sum(score_value * score_value) filter (where metric = 'ces_mean'), 0
            ) as decimal(18, 6)
        ) as ces_square_sum

    from answers
    where survey_type = 'transactional'
    group by period_type, period_start_date, segment, journey_stage

)

select * from final
