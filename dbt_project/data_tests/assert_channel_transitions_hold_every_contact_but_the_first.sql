-- A failing row is the number of contacts in journeys that follow another one of their
-- journey, where mart_channel_transitions counts another number.
{{ config(meta={'dagster': {'ref': {'name': 'mart_channel_transitions'}}}) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    where journey_id is not null

),

transitions as (

    select * from {{ ref('mart_channel_transitions') }}

),

journeys as (

    select
        customer_id,
        journey_id,
        count(*) - 1 as contact_count
    from interactions
    group by customer_id, journey_id

),

expected as (

    select coalesce(sum(contact_count), 0) as contact_count
    from journeys

),

counted as (

    select coalesce(sum(contact_count), 0) as contact_count
    from transitions

)

select
    expected.contact_count as expected_count,
    counted.contact_count as counted_count
from expected
cross join counted
where expected.contact_count <> counted.contact_count
