-- A failing row is a period and survey type with NPS answers before the as-of date, valid or
-- not, that are missing from a mart of months or of quarters or counted twice; for relational
-- answers, also from the marts by lifecycle stage.
{%- set marts = [
    ('mart_nps_by_segment_stage', 'month', 'survey_type'),
    ('mart_nps_by_segment_stage_quarterly', 'quarter', 'survey_type'),
    ('mart_nps_by_segment_lifecycle', 'month', "'relational'"),
    ('mart_nps_by_segment_lifecycle_quarterly', 'quarter', "'relational'"),
] -%}
{{ config(meta={'dagster': {'ref': {'name': 'mart_nps_by_segment_stage'}}}) }}
with

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

given as (

    select
        dates.month_start_date,
        dates.quarter_start_date,
        surveys.survey_type,
        count(*) as answer_count,
        coalesce(sum(answers.nps_value), 0) as nps_sum

    from answers
    inner join as_of
        on answers.answered_date < as_of.as_of_date
    inner join dates
        on answers.answered_date = dates.date_day
    left join surveys
        on answers.survey_key = surveys.survey_key
    where
        answers.metric = 'nps'
        and not answers.is_skipped
    group by dates.month_start_date, dates.quarter_start_date, surveys.survey_type

),

expected as (
    {% for mart, grain, survey_type in marts %}
        select
            '{{ mart }}' as mart,
            {{ grain }}_start_date as period_start_date,
            survey_type,
            sum(answer_count) as answer_count,
            sum(nps_sum) as nps_sum

        from given
        {%- if survey_type != 'survey_type' %}
            where survey_type = {{ survey_type }}
        {%- endif %}
        group by {{ grain }}_start_date, survey_type
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

counted as (
    {% for mart, grain, survey_type in marts %}
        select
            '{{ mart }}' as mart,
            {{ grain }}_start_date as period_start_date,
            {{ survey_type }} as survey_type,
            sum(answer_count + invalid_count + superseded_count) as answer_count,
            sum(nps_sum) as nps_sum,
            sum(superseded_count) as superseded_count

        from {{ ref(mart) }}
        group by
            {{ grain }}_start_date
            {%- if survey_type == 'survey_type' %}, survey_type{% endif %}
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
)

select
    coalesce(expected.mart, counted.mart) as mart,
    coalesce(expected.period_start_date, counted.period_start_date)
        as period_start_date,
    coalesce(expected.survey_type, counted.survey_type) as survey_type,
    expected.answer_count as given_count,
    counted.answer_count as counted_count
from expected
full join counted
    on expected.mart = counted.mart
    and expected.period_start_date = counted.period_start_date
    and expected.survey_type = counted.survey_type
where
    coalesce(expected.answer_count, 0) <> coalesce(counted.answer_count, 0)
    or (
        counted.superseded_count = 0
        and coalesce(expected.nps_sum, 0) <> counted.nps_sum
    )
