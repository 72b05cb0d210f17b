with

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

ranked as (

    select
        answers.*,
        surveys.survey_type,
        row_number() over (
            partition by answers.customer_id, answers.metric
            order by answers.answered_at desc, answers.survey_answer_key desc
        ) as recency

    from answers
    left join surveys
        on answers.survey_key = surveys.survey_key
    where
        answers.metric in ('nps', 'csat')
        and answers.is_valid

),

-- one row per customer and metric: the aggregates only pivot
final as (

    select
        -- ids
        customer_id,

        -- attributes
        max(nps_band) filter (where metric = 'nps') as latest_nps_band,
        max(survey_type) filter (where metric = 'nps') as latest_nps_survey_type,

        -- measures
        max(answer_value) filter (where metric = 'nps') as latest_nps_answer,
        max(answer_value) filter (where metric = 'csat') as latest_csat_answer,
        max(scale_max) filter (where metric = 'csat') as latest_csat_scale_max,

        -- times
        max(answered_date) filter (where metric = 'nps') as latest_nps_date,
        max(answered_date) filter (where metric = 'csat') as latest_csat_date

    from ranked
    where recency = 1
    group by customer_id

)

select * from final
