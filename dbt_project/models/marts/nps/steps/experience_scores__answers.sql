with

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

final as (

    select
        -- ids
        answers.survey_answer_key,
        answers.survey_key,
        answers.customer_id,

        -- attributes
        answers.metric,
        surveys.survey_type,
        customers.segment,
        touchpoints.touchpoint,
        touchpoints.journey_stage,
        answers.is_valid,
        answers.nps_band,

        -- measures
        answers.nps_value,
        case when answers.is_valid then answers.answer_value - answers.scale_min end
            as scale_steps,
        case when answers.is_valid then answers.scale_max - answers.scale_min end
            as scale_length,

        -- times
        answers.answered_date,
        answers.answered_at

    from answers
    left join surveys
        on answers.survey_key = surveys.survey_key
    left join touchpoints
        on answers.touchpoint_key = touchpoints.touchpoint_key
    left join customers
        on answers.customer_key = customers.customer_key
    where
        answers.metric in ('nps', 'csat', 'ces', 'vs_expectation')
        -- a skipped question has no value to score
        and not coalesce(answers.is_skipped, false)

)

select * from final
