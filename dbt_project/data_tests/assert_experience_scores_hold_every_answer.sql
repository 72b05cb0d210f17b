-- A failing row is a score and survey type with answers before the as-of date, valid or
-- not, that are missing from the mart or counted twice; or a month whose total is not the
-- sum of its rows.
{{ config(meta={'dagster': {'ref': {'name': 'mart_experience_scores'}}}) }}

with

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

score_metrics as (

    select * from {{ ref('score_metrics') }}

),

scores as (

    select * from {{ ref('mart_experience_scores') }}

),

totals as (

    select * from {{ ref('mart_experience_scores_total') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

given as (

    select
        {{ month_start('answers.answered_date') }} as month_start_date,
        score_metrics.metric,
        surveys.survey_type,
        count(*) as answer_count,
        count(*) filter (where not answers.is_valid) as invalid_count

    from answers
    inner join as_of
        on answers.answered_date < as_of.as_of_date
    inner join score_metrics
        on answers.metric = score_metrics.asked_metric
    left join surveys
        on answers.survey_key = surveys.survey_key
    where not answers.is_skipped
    group by
        {{ month_start('answers.answered_date') }},
        score_metrics.metric,
        surveys.survey_type

),

added as (

    select
        month_start_date,
        metric,
        survey_type,
        sum(answer_count + invalid_count + superseded_count) as answer_count,
        sum(invalid_count) as invalid_count,
        sum(score_sum) as score_sum,
        sum(responded_count) as responded_count

    from scores
    group by month_start_date, metric, survey_type

),

compared as (

    select
        coalesce(given.metric, added.metric) as metric,
        coalesce(given.answer_count, 0) as given_count,
        added.answer_count as added_count,
        totals.answer_count + totals.invalid_count + totals.superseded_count
            as total_count,
        coalesce(given.invalid_count, 0) as given_invalid_count,
        added.invalid_count as added_invalid_count,
        added.score_sum as added_sum,
        totals.score_sum as total_sum,
        added.responded_count as added_responded_count,
        totals.responded_count as total_responded_count

    from given
    full join added
        on given.month_start_date = added.month_start_date
        and given.metric = added.metric
        and given.survey_type = added.survey_type
    left join totals
        on added.month_start_date = totals.month_start_date
        and added.metric = totals.metric
        and added.survey_type = totals.survey_type

)

select * from compared
where
    added_count is distinct from given_count
    or total_count is distinct from given_count
    or added_invalid_count is distinct from given_invalid_count
    or added_sum is distinct from total_sum
    or added_responded_count is distinct from total_responded_count
