with

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

answers as (

    select * from {{ ref('experience_scores__answers') }}

),

standing as (

    select * from {{ ref('experience_scores__standing') }}

),

ranked as (

    select
        periods.*,
        answers.*,
        coalesce(standing.lifecycle_stage, 'unknown') as lifecycle_stage,
        row_number() over (
            partition by
                periods.period_type, periods.period_start_date, answers.survey_type,
                answers.metric, answers.is_valid, answers.customer_id
            order by answers.answered_at desc, answers.survey_answer_key desc
        ) as recency

    from answers
    inner join periods
        on answers.answered_date >= periods.period_start_date
        and answers.answered_date < periods.observed_date
    left join standing
        on answers.survey_answer_key = standing.survey_answer_key

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        survey_answer_key,

        -- ids
        customer_id,

        -- attributes
        period_end_date,
        is_complete,
        metric,
        survey_type,
        segment,
        touchpoint,
        journey_stage,
        lifecycle_stage,
        is_valid,
        -- nobody known may be many people: none of them speaks for the others
        is_valid
        and (
            not {{ var('one_answer_per_customer') | lower }}
            or recency = 1
            or customer_id = {{ unknown_key() }}
        ) as is_counted,
        nps_band,

        -- measures
        nps_value,
        scale_steps,
        scale_length

    from ranked

)

select * from final
