with

customers as (

    select * from {{ ref('int_customers__versioned') }}

),

orders as (

    select * from {{ ref('int_orders__fingerprinted') }}

),

feedback as (

    select * from {{ ref('int_feedback__fingerprinted') }}

),

interactions as (

    select {{ what_a_row_says() }} from {{ ref('int_interactions__unioned') }}

),

cases as (

    select {{ what_a_row_says() }} from {{ ref('int_cases__unioned') }}

),

subscriptions as (

    select {{ what_a_row_says() }} from {{ ref('int_subscriptions__unioned') }}

),

as_of as (

    select {{ start_of_day('as_of_date') }} as as_of_at
    from {{ ref('int_as_of') }}

),

followed as (

    select
        *,
        lead(started_at) over (
            partition by system, subscription_source_id
            order by started_at, period_number, source_id
        ) as renewed_at
    from subscriptions

),

fingerprints as (

    select
        system,
        source_id,
        {{ row_fingerprint(['customers']) }} as fingerprint
    from customers

    union all

    select
        system,
        customer_source_id as source_id,
        {{ row_fingerprint(['source_id', 'fingerprint']) }} as fingerprint
    from orders

    union all

    select
        system,
        customer_source_id as source_id,
        fingerprint
    from feedback

    union all

    select
        interactions.system,
        interactions.customer_source_id as source_id,
        {{ row_fingerprint(['interactions', 'orders.is_known', 'cases.source_id']) }}
            as fingerprint
    from interactions
    left join orders
        on interactions.order_system = orders.system
        and interactions.order_source_id = orders.source_id
    left join cases
        on interactions.case_system = cases.system
        and interactions.case_source_id = cases.source_id

    union all

    select
        system,
        customer_source_id as source_id,
        {{ row_fingerprint(['cases']) }} as fingerprint
    from cases

    union all

    -- a period that is over by now reads otherwise than one that runs
    select
        periods.system,
        periods.customer_source_id as source_id,
        {{ row_fingerprint(['periods', 'periods.ends_at < as_of.as_of_at']) }}
            as fingerprint
    from followed as periods
    cross join as_of

),

final as (

    select
        -- ids
        system,
        coalesce(source_id, '') as source_id,

        -- attributes
        {{ group_fingerprint('fingerprint') }} as fingerprint

    from fingerprints
    group by system, coalesce(source_id, '')

)

select * from final
