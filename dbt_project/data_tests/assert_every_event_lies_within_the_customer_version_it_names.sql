-- A failing row is a fact that refers to a history row of another customer, or to one not
-- valid at its time.
{{ config(meta={'dagster': {'ref': {'name': 'dim_customers'}}}) }}
with

customers as (

    select * from {{ ref('dim_customers') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

invitations as (

    select * from {{ ref('fct_survey_invitations') }}

),

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

cases as (

    select * from {{ ref('fct_cases') }}

),

journey_stages as (

    select * from {{ ref('fct_journey_stages') }}

),

events as (

    select
        order_key as event_key,
        customer_key,
        customer_id,
        ordered_at as event_at
    from orders

    union all

    select
        survey_invitation_key as event_key,
        customer_key,
        customer_id,
        sent_at as event_at
    from invitations

    union all

    select
        survey_answer_key as event_key,
        customer_key,
        customer_id,
        answered_at as event_at
    from answers

    union all

    select
        interaction_key as event_key,
        customer_key,
        customer_id,
        occurred_at as event_at
    from interactions

    union all

    select
        case_key as event_key,
        customer_key,
        customer_id,
        opened_at as event_at
    from cases

    union all

    select
        journey_stage_entry_key as event_key,
        customer_key,
        customer_id,
        entered_at as event_at
    from journey_stages

),

final as (

    select events.*
    from events
    left join customers
        on events.customer_key = customers.customer_key
    where
        customers.customer_id is distinct from events.customer_id
        or events.event_at < customers.valid_from
        or events.event_at >= customers.valid_to

)

select * from final
