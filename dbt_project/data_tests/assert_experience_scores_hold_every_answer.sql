-- A failing row is a month and survey type with answers to a question before the as-of date,
-- valid or not, that are missing from the mart of its score or counted twice; or whose total
-- is not the sum of its rows.
{%- set marts = [
    ('mart_nps_scores', 'nps', 'nps_sum'),
    ('mart_csat_scores', 'csat', 'satisfied_count'),
    ('mart_ces_scores', 'ces', 'ces_sum'),
    ('mart_expectation_scores', 'vs_expectation', 'exceeded_count'),
] -%}
{{ config(meta={'dagster': {'ref': {'name': 'mart_nps_scores'}}}) }}
with

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

given as (

    select
        {{ month_start('answers.answered_date') }} as month_start_date,
        answers.metric,
        surveys.survey_type,
        count(*) as answer_count,
        count(*) filter (where not answers.is_valid) as invalid_count

    from answers
    inner join as_of
        on answers.answered_date < as_of.as_of_date
    left join surveys
        on answers.survey_key = surveys.survey_key
    where
        answers.metric in ('nps', 'csat', 'ces', 'vs_expectation')
        and not answers.is_skipped
    group by
        {{ month_start('answers.answered_date') }},
        answers.metric,
        surveys.survey_type

),

added as (
    {% for mart, metric, score_sum in marts %}
        select
            month_start_date,
            '{{ metric }}' as metric,
            survey_type,
            sum(answer_count + invalid_count + superseded_count) as answer_count,
            sum(invalid_count) as invalid_count,
            sum({{ score_sum }}) as score_sum,
            sum(responded_count) as responded_count

        from {{ ref(mart) }}
        group by month_start_date, survey_type
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

totals as (
    {% for mart, metric, score_sum in marts %}
        select
            month_start_date,
            '{{ metric }}' as metric,
            survey_type,
            answer_count + invalid_count + superseded_count as answer_count,
            {{ score_sum }} as score_sum,
            responded_count

        from {{ ref(mart ~ '_total') }}
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

compared as (

    select
        coalesce(given.metric, added.metric) as metric,
        coalesce(given.month_start_date, added.month_start_date) as month_start_date,
        coalesce(given.answer_count, 0) as given_count,
        added.answer_count as added_count,
        totals.answer_count as total_count,
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
