with

answers as (

    select * from {{ ref('int_survey_answers__unioned') }}

),

nps_bands as (

    select * from {{ ref('nps_bands') }}

),

final as (

    select
        -- ids
        answers.system,
        answers.source_id,
        answers.response_source_id,
        answers.invitation_source_id,
        answers.survey_source_id,
        answers.customer_source_id,
        answers.order_system,
        answers.order_source_id,

        -- attributes
        answers.channel,
        answers.question,
        case
            when
                answers.metric in (
                    {%- for metric in survey_metrics() %}
                        '{{ metric }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
                then answers.metric
            else 'unknown'
        end as metric,
        answers.answer_value is null as is_skipped,
        case
            when answers.metric = 'nps' then nps_bands.nps_band is not null
            else
                coalesce(
                    answers.scale_min < answers.scale_max
                    -- a longer scale is a mistake, and too long for its figures
                    and answers.scale_min >= -1000
                    and answers.scale_max <= 1000
                    and answers.answer_value between answers.scale_min
                    and answers.scale_max,
                    false
                )
        end as is_valid,
        nps_bands.nps_band,

        -- measures
        answers.scale_min,
        answers.scale_max,
        answers.answer_value,
        nps_bands.nps_value,

        -- times
        answers.answered_at

    from answers
    -- NPS is defined on the 0-10 scale only
    left join nps_bands
        on answers.metric = 'nps'
        and answers.scale_min = 0
        and answers.scale_max = 10
        and answers.answer_value = nps_bands.score

)

select * from final
