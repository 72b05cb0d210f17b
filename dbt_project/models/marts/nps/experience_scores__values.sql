with

answers as (

    select * from {{ ref('experience_scores__period_answers') }}

),

score_metrics as (

    select * from {{ ref('score_metrics') }}

),

final as (

    select
        -- grain
        answers.period_start_date as month_start_date,
        answers.survey_answer_key,
        score_metrics.metric,

        -- ids
        answers.customer_id,

        -- attributes
        answers.survey_type,
        answers.touchpoint,
        answers.segment,
        answers.is_valid,
        answers.is_counted,

        -- measures
        cast(
            case
                when not answers.is_counted then null
                when score_metrics.metric = 'nps' then answers.nps_value
                -- the upper one of two or three boxes, the upper two of more
                when score_metrics.metric = 'csat' then cast(
                    answers.scale_steps = answers.scale_length
                    or (
                        answers.scale_length >= 3
                        and answers.scale_steps = answers.scale_length - 1
                    ) as integer
                )
                when score_metrics.metric = 'ces_mean' then cast(
                    1 + 6 * answers.scale_steps / cast(answers.scale_length as double)
                    as decimal(10, 6)
                )
                -- the upper and the lower third of the scale: 5 to 7 and 1 to 3 of seven,
                -- 4 to 5 and 1 to 2 of five
                when score_metrics.metric = 'ces_easy'
                    then cast(3 * answers.scale_steps >= 2 * answers.scale_length as integer)
                when score_metrics.metric = 'ces_high_effort'
                    then cast(3 * answers.scale_steps <= answers.scale_length as integer)
                -- the middle of the scale and what lies above it
                when score_metrics.metric = 'met_or_exceeded'
                    then cast(2 * answers.scale_steps >= answers.scale_length as integer)
                when score_metrics.metric = 'exceeded'
                    then cast(2 * answers.scale_steps > answers.scale_length as integer)
            end as decimal(18, 6)
        ) as score_value

    from answers
    inner join score_metrics
        on answers.metric = score_metrics.asked_metric
    where answers.period_type = 'month'

)

select * from final
