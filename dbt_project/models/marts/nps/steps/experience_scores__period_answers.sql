with

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

answers as (

    select * from {{ ref('experience_scores__answers') }}

),

lifecycle_stages as (

    select * from {{ ref('experience_scores__lifecycle_stages') }}

),

ranked as (

    select
        periods.*,
        answers.*,
        coalesce(lifecycle_stages.lifecycle_stage, 'unknown') as lifecycle_stage,
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
    left join lifecycle_stages
        on answers.survey_answer_key = lifecycle_stages.survey_answer_key

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
        is_complete,
        metric,
        survey_type,
        segment,
        touchpoint,
        journey_stage,
        lifecycle_stage,
        is_valid,
        -- the unknown customer stands for many people: do not deduplicate it
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
