with

interactions as (

    select * from {{ ref('int_interactions__unioned') }}

),

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

journey_maps as (

    select * from {{ ref('dim_journey_maps') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

cases as (

    select * from {{ ref('fct_cases') }}

),

final as (

    select
        -- ids
        {{ surrogate_key(['interactions.system', 'interactions.source_id']) }}
            as interaction_key,
        coalesce(touchpoints.touchpoint_key, {{ unknown_key() }}) as touchpoint_key,
        coalesce(
            journey_maps.journey_stage_key,
            touchpoints.journey_stage_key,
            {{ unknown_key() }}
        ) as journey_stage_key,
        coalesce(channels.channel_key, touchpoints.channel_key, {{ unknown_key() }})
            as channel_key,
        coalesce(orders.order_key, {{ unknown_key() }}) as order_key,
        coalesce(cases.case_key, {{ unknown_key() }}) as case_key,
        coalesce(identities.customer_id, {{ unknown_key() }}) as customer_id,
        interactions.session_source_id,
        interactions.system,
        interactions.source_id,

        -- times
        interactions.occurred_at

    from interactions
    left join identities
        on interactions.system = identities.system
        and interactions.customer_source_id = identities.source_id
    left join touchpoints
        on interactions.touchpoint = touchpoints.touchpoint
    left join channels
        on interactions.channel = channels.channel
    left join journey_maps
        on interactions.touchpoint = journey_maps.touchpoint
        and interactions.occurred_at >= journey_maps.valid_from
        and interactions.occurred_at < journey_maps.valid_to
    left join orders
        on interactions.order_system = orders.system
        and interactions.order_source_id = orders.source_id
    left join cases
        on interactions.case_system = cases.system
        and interactions.case_source_id = cases.source_id

)

select * from final
