-- A failing row is a touchpoint or channel that a system delivers and that is not in the
-- deployment's reference data: its events would get the unknown member.
{{ config(meta={'dagster': {'ref': {'name': 'int_interactions__unioned'}}}) }}
with

interactions as (

    select * from {{ ref('int_interactions__unioned') }}

),

cases as (

    select * from {{ ref('int_cases__unioned') }}

),

surveys as (

    select * from {{ ref('int_surveys__unioned') }}

),

orders as (

    select * from {{ ref('int_orders__unioned') }}

),

invitations as (

    select * from {{ ref('int_survey_invitations__unioned') }}

),

answers as (

    select * from {{ ref('int_survey_answers__unioned') }}

),

touchpoints as (

    select * from {{ ref('touchpoints') }}

),

channels as (

    select * from {{ ref('channels') }}

),

-- a union without `all`, so that a code is looked up once, not once an event
delivered as (

    select
        system,
        'touchpoint' as code_of,
        touchpoint as code
    from interactions

    union

    select
        system,
        'touchpoint' as code_of,
        touchpoint as code
    from cases

    union

    select
        system,
        'touchpoint' as code_of,
        touchpoint as code
    from surveys

    union

    select
        system,
        'channel' as code_of,
        channel as code
    from interactions

    union

    select
        system,
        'channel' as code_of,
        channel as code
    from cases

    union

    select
        system,
        'channel' as code_of,
        channel as code
    from orders

    union

    select
        system,
        'channel' as code_of,
        channel as code
    from invitations

    union

    select
        system,
        'channel' as code_of,
        channel as code
    from answers

),

known as (

    select
        'touchpoint' as code_of,
        touchpoint as code
    from touchpoints

    union all

    select
        'channel' as code_of,
        channel as code
    from channels

),

final as (

    select delivered.*
    from delivered
    left join known
        on delivered.code_of = known.code_of
        and delivered.code = known.code
    where
        delivered.code is not null
        and known.code is null

)

select * from final
