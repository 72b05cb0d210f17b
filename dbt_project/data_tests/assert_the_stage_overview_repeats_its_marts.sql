-- A failing row is a period, segment and journey stage whose figures differ between
-- mart_stage_overview and the mart that they are known from.
{{ config(meta={'dagster': {'ref': {'name': 'mart_stage_overview'}}}) }}

with

overview as (

    select * from {{ ref('mart_stage_overview') }}

),

overview_scores as (

    select * from overview
    where nps_answer_count > 0

),

overview_contacts as (

    select * from overview
    where
        period_type = 'month'
        and (
            contact_count > 0
            or delivered_count > 0
        )

),

nps as (

    select * from {{ ref('mart_nps_by_segment_stage') }}
    where
        survey_type = 'transactional'
        and answer_count > 0

),

contacts as (

    select * from {{ ref('mart_survey_blind_spots') }}
    where
        contact_count > 0
        or delivered_count > 0

)

select
    'nps' as figure,
    coalesce(overview_scores.period_start_date, nps.period_start_date)
        as period_start_date,
    coalesce(overview_scores.segment, nps.segment) as segment,
    coalesce(overview_scores.journey_stage, nps.journey_stage) as journey_stage
from overview_scores
full join nps
    on overview_scores.period_type = nps.period_type
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
    coalesce(overview_contacts.period_start_date, contacts.month_start_date)
        as period_start_date,
    coalesce(overview_contacts.segment, contacts.segment) as segment,
    coalesce(overview_contacts.journey_stage, contacts.journey_stage) as journey_stage
from overview_contacts
full join contacts
    on overview_contacts.period_start_date = contacts.month_start_date
    and overview_contacts.segment = contacts.segment
    and overview_contacts.journey_stage = contacts.journey_stage
-- delivered invitations alone are no contact, whatever survey they are for
where
    coalesce(overview_contacts.contact_count, 0)
    <> coalesce(contacts.contact_count, 0)
