-- A failing row is a period, segment and journey stage whose figures differ between
-- mart_stage_overview, or its quarters, and the mart that they are known from.
{%- set grains = [('month', ''), ('quarter', '_quarterly')] -%}
{{ config(meta={'dagster': {'ref': {'name': 'mart_stage_overview'}}}) }}

with

overview as (
    {% for grain, suffix in grains %}
        select
            '{{ grain }}' as grain,
            {{ grain }}_start_date as period_start_date,
            segment,
            journey_stage,
            contact_count,
            nps_answer_count,
            nps,
            nps_low,
            nps_high

        from {{ ref('mart_stage_overview' ~ suffix) }}
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

overview_scores as (

    select * from overview
    where nps_answer_count > 0

),

overview_contacts as (

    select * from overview
    where contact_count > 0

),

nps as (
    {% for grain, suffix in grains %}
        select
            '{{ grain }}' as grain,
            {{ grain }}_start_date as period_start_date,
            segment,
            journey_stage,
            answer_count,
            nps,
            nps_low,
            nps_high

        from {{ ref('mart_nps_by_segment_stage' ~ suffix) }}
        where
            survey_type = 'transactional'
            and answer_count > 0
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

contacts as (
    {% for grain, suffix in grains %}
        select
            '{{ grain }}' as grain,
            cast(date_trunc('{{ grain }}', month_start_date) as date)
                as period_start_date,
            segment,
            journey_stage,
            sum(contact_count) as contact_count

        from {{ ref('mart_survey_blind_spots') }}
        where contact_count > 0
        group by
            cast(date_trunc('{{ grain }}', month_start_date) as date),
            segment,
            journey_stage
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
)

select
    'nps' as figure,
    coalesce(overview_scores.period_start_date, nps.period_start_date)
        as period_start_date,
    coalesce(overview_scores.segment, nps.segment) as segment,
    coalesce(overview_scores.journey_stage, nps.journey_stage) as journey_stage
from overview_scores
full join nps
    on overview_scores.grain = nps.grain
    and overview_scores.period_start_date = nps.period_start_date
    and overview_scores.segment = nps.segment
    and overview_scores.journey_stage = nps.journey_stage
where
    overview_scores.nps_answer_count is distinct from nps.answer_count
    or overview_scores.nps is distinct from nps.nps
    or overview_scores.nps_low is distinct from nps.nps_low
    or overview_scores.nps_high is distinct from nps.nps_high

union all

select
    'contacts' as figure,
    coalesce(overview_contacts.period_start_date, contacts.period_start_date)
        as period_start_date,
    coalesce(overview_contacts.segment, contacts.segment) as segment,
    coalesce(overview_contacts.journey_stage, contacts.journey_stage) as journey_stage
from overview_contacts
full join contacts
    on overview_contacts.grain = contacts.grain
    and overview_contacts.period_start_date = contacts.period_start_date
    and overview_contacts.segment = contacts.segment
    and overview_contacts.journey_stage = contacts.journey_stage
where
    coalesce(overview_contacts.contact_count, 0)
    <> coalesce(contacts.contact_count, 0)
