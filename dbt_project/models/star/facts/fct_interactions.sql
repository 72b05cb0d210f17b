with

interactions as (

    select * from {{ ref('int_interactions__unioned') }}

),

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

cases as (

    select * from {{ ref('fct_cases') }}

),

placed as (

    select
        interactions.*,
        identities.customer_id,
        coalesce(touchpoints.touchpoint_key, {{ unknown_key() }}) as touchpoint_key,
        coalesce(channels.channel_key, touchpoints.channel_key, {{ unknown_key() }})
            as channel_key
    from interactions
    left join identities
        on interactions.system = identities.system
        and interactions.customer_source_id = identities.source_id
    left join touchpoints
        on interactions.touchpoint = touchpoints.touchpoint
    left join channels
        on interactions.channel = channels.channel

),

followed as (

    select
        *,
        case
            when customer_id is not null then lag(channel_key) over contacts
        end as previous_channel_key,
        case
            when customer_id is not null then lag(occurred_at) over contacts
        end as previous_occurred_at
    from placed
    window contacts as (
        partition by customer_id
        order by occurred_at, system, source_id
    )

),

final as (

    select
        -- ids
        {{ surrogate_key(['interactions.system', 'interactions.source_id']) }}
            as interaction_key,
        interactions.touchpoint_key,
        interactions.channel_key,
        case
            when interactions.customer_id is null then {{ unknown_key() }}
            else coalesce(interactions.previous_channel_key, {{ not_applicable_key() }})
        end as previous_channel_key,
        coalesce(orders.order_key, {{ unknown_key() }}) as order_key,
        coalesce(cases.case_key, {{ unknown_key() }}) as case_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(interactions.customer_id, {{ unknown_key() }}) as customer_id,
        {{ local_date('interactions.occurred_at') }} as occurred_date,
        interactions.session_source_id,
        interactions.system,
        interactions.source_id,

        -- measures
        {{ minutes_between(
            'interactions.previous_occurred_at', 'interactions.occurred_at'
        ) }} as minutes_since_previous,

        -- times
        interactions.occurred_at

    from followed as interactions
    left join customers
        on interactions.customer_id = customers.customer_id
        and interactions.occurred_at >= customers.valid_from
        and interactions.occurred_at < customers.valid_to
    left join orders
        on interactions.order_system = orders.system
        and interactions.order_source_id = orders.source_id
    left join cases
        on interactions.case_system = cases.system
        and interactions.case_source_id = cases.source_id

)

select * from final
