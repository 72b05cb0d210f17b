-- A failing row is a journey stage with contacts before the as-of date that are missing
-- from the mart or counted twice.
{{ config(meta={'dagster': {'ref': {'name': 'mart_survey_blind_spots'}}}) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

spots as (

    select * from {{ ref('mart_survey_blind_spots') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

expected as (

    select
        touchpoints.journey_stage,
        count(*) as contact_count

    from interactions
    inner join as_of
        on interactions.occurred_date < as_of.as_of_date
    left join touchpoints
        on interactions.touchpoint_key = touchpoints.touchpoint_key
    group by touchpoints.journey_stage

),

counted as (

    select
        journey_stage,
        sum(contact_count) as contact_count

    from spots
    group by journey_stage

)

select
    coalesce(expected.journey_stage, counted.journey_stage) as journey_stage,
    expected.contact_count as expected_count,
    counted.contact_count as counted_count
from expected
full join counted
    on expected.journey_stage = counted.journey_stage
where coalesce(expected.contact_count, 0) <> coalesce(counted.contact_count, 0)
