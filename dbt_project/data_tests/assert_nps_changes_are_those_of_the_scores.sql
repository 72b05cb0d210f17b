-- A failing row is a mart of NPS changes, a period and a survey type whose answers are not
-- those of mart_nps_by_segment_stage, in the period or in the one before. Relational answers
-- have no journey stage.
{%- set grains = [('month', '', 1), ('quarter', '_quarterly', 3)] -%}
{%- set marts = [
    ('mart_nps_change', 'month'),
    ('mart_nps_change_by_segment', 'month'),
    ('mart_nps_change_by_lifecycle', 'month'),
    ('mart_nps_change_by_stage', 'month'),
    ('mart_nps_change_quarterly', 'quarter'),
    ('mart_nps_change_by_segment_quarterly', 'quarter'),
    ('mart_nps_change_by_lifecycle_quarterly', 'quarter'),
    ('mart_nps_change_by_stage_quarterly', 'quarter'),
] -%}
{{ config(meta={'dagster': {'ref': {'name': 'mart_nps_change'}}}) }}
with

scored as (
    {% for grain, suffix, month_count in grains %}
        select
            '{{ grain }}' as grain,
            {{ grain }}_start_date as period_start_date,
            cast({{ grain }}_start_date + interval '{{ month_count }} month' as date)
                as next_period_start_date,
            survey_type,
            sum(answer_count) as answer_count,
            sum(nps_sum) as nps_sum

        from {{ ref('mart_nps_by_segment_stage' ~ suffix) }}
        group by {{ grain }}_start_date, survey_type
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

expected as (
    {% for mart, grain in marts %}
        select
            '{{ mart }}' as mart,
            *

        from scored
        where
            grain = '{{ grain }}'
            and answer_count > 0
            {% if '_by_stage' in mart %}
                and survey_type <> 'relational'
            {% endif %}
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

changed as (
    {% for mart, grain in marts %}
        select
            '{{ mart }}' as mart,
            '{{ grain }}' as grain,
            {{ grain }}_start_date as period_start_date,
            survey_type,
            sum(answer_count) as answer_count,
            sum(promoter_count - detractor_count) as nps_sum,
            sum(previous_answer_count) as previous_answer_count,
            sum(previous_promoter_count - previous_detractor_count)
                as previous_nps_sum

        from {{ ref(mart) }}
        group by {{ grain }}_start_date, survey_type
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
)

select
    coalesce(changed.mart, expected.mart) as mart,
    coalesce(changed.period_start_date, expected.period_start_date)
        as period_start_date,
    coalesce(changed.survey_type, expected.survey_type) as survey_type,
    expected.answer_count as score_answer_count,
    changed.answer_count,
    previous.answer_count as previous_score_answer_count,
    changed.previous_answer_count
from changed
full join expected
    on changed.mart = expected.mart
    and changed.period_start_date = expected.period_start_date
    and changed.survey_type = expected.survey_type
left join scored as previous
    on changed.grain = previous.grain
    and changed.period_start_date = previous.next_period_start_date
    and changed.survey_type = previous.survey_type
where
    coalesce(changed.answer_count, 0) <> coalesce(expected.answer_count, 0)
    or coalesce(changed.nps_sum, 0) <> coalesce(expected.nps_sum, 0)
    or changed.previous_answer_count <> coalesce(previous.answer_count, 0)
    or changed.previous_nps_sum <> coalesce(previous.nps_sum, 0)
