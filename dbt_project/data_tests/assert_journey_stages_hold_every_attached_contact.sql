-- A failing row is a journey stage whose contacts are not those of fct_interactions that
-- belong to a journey, or an order of a known customer that entered no journey.
{{ config(meta={'dagster': {'ref': {'name': 'fct_journey_stages'}}}) }}

with

interactions as (

    select * from {{ ref('fct_interactions') }}
    where journey_id is not null

),

orders as (

    select * from {{ ref('fct_orders') }}
    where
        customer_id <> {{ unknown_key() }}
        and not is_return

),

journey_stages as (

    select * from {{ ref('dim_journey_stages') }}
    where stage_order is not null

),

entries as (

    select * from {{ ref('fct_journey_stages') }}

),

attached as (

    select
        journey_stage_key,
        count(*) as contact_count
    from interactions
    group by journey_stage_key

),

entered as (

    select
        journey_stage_key,
        sum(contact_count) as contact_count
    from entries
    group by journey_stage_key

),

purchases as (

    select
        orders.order_key,
        entries.journey_stage_entry_key
    from orders
    left join entries
        on orders.customer_id = entries.customer_id
        and orders.order_key = entries.journey_id
        and orders.ordered_at >= entries.entered_at
        and entries.journey_stage_key = {{ surrogate_key(["'purchase'"]) }}

)

select
    journey_stages.journey_stage as subject,
    attached.contact_count as expected_count,
    entered.contact_count as counted_count
from journey_stages
left join attached
    on journey_stages.journey_stage_key = attached.journey_stage_key
left join entered
    on journey_stages.journey_stage_key = entered.journey_stage_key
where coalesce(attached.contact_count, 0) <> coalesce(entered.contact_count, 0)

union all

select
    order_key as subject,
    1 as expected_count,
    0 as counted_count
from purchases
where journey_stage_entry_key is null
