-- A failing row is a survey type with NPS answers before the as-of date, valid or not, that
-- are missing from the months of mart_nps_by_segment_stage or counted twice; for relational
-- answers, also from those of mart_nps_by_segment_lifecycle.
{{ config(meta={'dagster': {'ref': {'name': 'mart_nps_by_segment_stage'}}}) }}

with

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

by_stage as (

    select * from {{ ref('mart_nps_by_segment_stage') }}

),

by_lifecycle as (

    select * from {{ ref('mart_nps_by_segment_lifecycle') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

given as (

    select
        surveys.survey_type,
        count(*) as answer_count,
        coalesce(sum(answers.nps_value), 0) as nps_sum

    from answers
    inner join as_of
        on answers.answered_date < as_of.as_of_date
    left join surveys
        on answers.survey_key = surveys.survey_key
    where
        answers.metric = 'nps'
        and not answers.is_skipped
    group by surveys.survey_type

),

counted as (

    select
        'by stage' as counted_in,
        survey_type,
        sum(answer_count + invalid_count + superseded_count) as answer_count,
        sum(nps_sum) as nps_sum,
        sum(superseded_count) as superseded_count

    from by_stage
    where period_type = 'month'
    group by survey_type

    union all

    select
        'by lifecycle' as counted_in,
        'relational' as survey_type,
        coalesce(sum(answer_count + invalid_count + superseded_count), 0)
            as answer_count,
        coalesce(sum(nps_sum), 0) as nps_sum,
        coalesce(sum(superseded_count), 0) as superseded_count

    from by_lifecycle
    where period_type = 'month'

)

select
    given.survey_type,
    counted.counted_in,
    given.answer_count as given_count,
    counted.answer_count as counted_count
from given
full join counted
    on given.survey_type = counted.survey_type
where
    coalesce(given.answer_count, 0) <> coalesce(counted.answer_count, 0)
    or (
        counted.superseded_count = 0
        and coalesce(given.nps_sum, 0) <> counted.nps_sum
    )
