with

interactions as (

    select * from {{ ref('interactions__placed') }}

),

journeys as (

    select * from {{ ref('interactions__journeys') }}

),

issues as (

    select * from {{ ref('interactions__cases') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

followed as (

    select
        *,
        case
            when customer_id <> {{ unknown_key() }}
                then lag(channel_key) over contacts
        end as previous_channel_key,
        case
            when customer_id <> {{ unknown_key() }}
                then lag(occurred_at) over contacts
        end as previous_occurred_at
    from interactions
    window contacts as (
        partition by customer_id
        order by occurred_at, system, source_id
    )

),

final as (

    select
        -- ids
        interactions.interaction_key,
        interactions.touchpoint_key,
        interactions.journey_stage_key,
        interactions.channel_key,
        case
            when interactions.customer_id = {{ unknown_key() }} then {{ unknown_key() }}
            else coalesce(interactions.previous_channel_key, {{ not_applicable_key() }})
        end as previous_channel_key,
        interactions.order_key,
        interactions.case_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        interactions.customer_id,
        journeys.journey_id,
        {{ local_date('interactions.occurred_at') }} as occurred_date,
        interactions.session_source_id,
        interactions.system,
        interactions.source_id,

        -- attributes
        coalesce(journeys.attached_by, 'none') as attached_by,
        issues.is_same_issue_repeat,
        issues.is_resolved,

        -- measures
        {{ minutes_between(
            'interactions.previous_occurred_at', 'interactions.occurred_at'
        ) }} as minutes_since_previous,

        -- times
        interactions.occurred_at

    from followed as interactions
    left join journeys
        on interactions.interaction_key = journeys.interaction_key
    left join issues
        on interactions.interaction_key = issues.interaction_key
    left join customers
        on interactions.customer_id = customers.customer_id
        and interactions.occurred_at >= customers.valid_from
        and interactions.occurred_at < customers.valid_to

)

select * from final
