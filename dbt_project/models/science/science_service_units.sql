with

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

cases as (

    select * from {{ ref('fct_cases') }}

),

last_refunds as (

    select
        order_key,
        max(refunded_at) as refunded_at
    from refunds
    group by order_key

),

-- what happened to each order that arrived, and to each case that was resolved
events as (

    select
        'late_delivery' as service_event,
        order_key as unit_key,
        customer_key,
        customer_id,
        channel_key,
        is_delivered_late as is_exposed,
        ordered_at as began_at,
        delivered_at as happened_at
    from orders
    where
        is_counted
        and is_delivered_late is not null

    union all

    select
        'refund' as service_event,
        orders.order_key as unit_key,
        orders.customer_key,
        orders.customer_id,
        orders.channel_key,
        last_refunds.order_key is not null as is_exposed,
        orders.ordered_at as began_at,
        greatest(orders.delivered_at, coalesce(last_refunds.refunded_at, orders.delivered_at))
            as happened_at
    from orders
    left join last_refunds
        on orders.order_key = last_refunds.order_key
    where
        orders.is_counted
        and orders.delivered_at is not null

    union all

    select
        'reopened_case' as service_event,
        case_key as unit_key,
        customer_key,
        customer_id,
        channel_key,
        reopen_count > 0 as is_exposed,
        opened_at as began_at,
        resolved_at as happened_at
    from cases
    where
        not is_open
        and resolved_at >= opened_at

    union all

    select
        'handed_over_case' as service_event,
        case_key as unit_key,
        customer_key,
        customer_id,
        channel_key,
        handover_count > 0 as is_exposed,
        opened_at as began_at,
        resolved_at as happened_at
    from cases
    where
        not is_open
        and resolved_at >= opened_at
        and handover_count is not null

),

final as (

    select
        -- ids
        service_event,
        unit_key,
        customer_key,
        customer_id,
        channel_key,

        -- attributes
        is_exposed,

        -- times
        began_at,
        happened_at

    from events
    where customer_id <> {{ unknown_key() }}

)

select * from final
