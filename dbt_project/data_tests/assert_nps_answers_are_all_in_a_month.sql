-- A failing row is a survey type of which a NPS answer before the as-of date, valid or
-- not, is in no month of the mart, or in two.
{{ config(meta={'dagster': {'ref': {'name': 'mart_nps_by_segment_stage'}}}) }}

with

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

scores as (

    select * from {{ ref('mart_nps_by_segment_stage') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

given as (

    select
        surveys.survey_type,
        count(*) as answer_count

    from answers
    inner join as_of
        on answers.answered_date < as_of.as_of_date
    left join surveys
        on answers.survey_key = surveys.survey_key
    where answers.metric = 'nps'
    group by surveys.survey_type

),

counted as (

    select
        survey_type,
        sum(answer_count + invalid_count) as answer_count

    from scores
    where period_type = 'month'
    group by survey_type

)

select
    given.survey_type,
    given.answer_count as given_count,
    counted.answer_count as counted_count
from given
full join counted
    on given.survey_type = counted.survey_type
where given.answer_count is distinct from counted.answer_count
