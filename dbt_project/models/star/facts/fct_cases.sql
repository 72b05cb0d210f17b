with

cases as (

    select * from {{ ref('int_cases__unioned') }}

),

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

contacts as (

    select
        case_system,
        case_source_id,
        count(*) as contact_count
    from interactions
    where case_source_id is not null
    group by case_system, case_source_id

),

observed as (

    select
        *,
        coalesce(resolved_at is null or reopened_at > resolved_at, false) as is_open,
        greatest(
            coalesce(reopen_count, 0), case when reopened_at is null then 0 else 1 end
        ) as known_reopen_count
    from cases

),

final as (

    select
        -- ids
        {{ surrogate_key(['cases.system', 'cases.source_id']) }} as case_key,
        coalesce(touchpoints.touchpoint_key, {{ unknown_key() }}) as touchpoint_key,
        coalesce(channels.channel_key, {{ unknown_key() }}) as channel_key,
        coalesce(orders.order_key, {{ unknown_key() }}) as order_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(identities.customer_id, {{ unknown_key() }}) as customer_id,
        {{ local_date('cases.opened_at') }} as opened_date,
        cases.system,
        cases.source_id,

        -- attributes
        coalesce(cases.reason, 'unknown') as reason,
        cases.is_open,
        (
            not cases.is_open
            and cases.known_reopen_count = 0
            and coalesce(contacts.contact_count, 0) <= 1
        ) as is_first_contact_resolution,

        -- measures
        cases.known_reopen_count as reopen_count,
        cases.handover_count,
        coalesce(contacts.contact_count, 0) as contact_count,
        {{ hours_between('cases.opened_at', 'cases.first_response_at') }}
            as hours_to_first_response,
        case
            when not cases.is_open
                then {{ hours_between('cases.opened_at', 'cases.resolved_at') }}
        end as hours_to_resolution,

        -- times
        cases.opened_at,
        cases.first_response_at,
        cases.resolved_at,
        cases.reopened_at

    from observed as cases
    left join contacts
        on cases.system = contacts.case_system
        and cases.source_id = contacts.case_source_id
    left join identities
        on cases.system = identities.system
        and cases.customer_source_id = identities.source_id
    left join customers
        on identities.customer_id = customers.customer_id
        and cases.opened_at >= customers.valid_from
        and cases.opened_at < customers.valid_to
    left join touchpoints
        on cases.touchpoint = touchpoints.touchpoint
    left join channels
        on cases.channel = channels.channel
    left join orders
        on cases.order_system = orders.system
        and cases.order_source_id = orders.source_id

)

select * from final
