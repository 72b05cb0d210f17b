with

orders as (

    select * from {{ ref('int_orders__unioned') }}

),

amounts as (

    select * from {{ ref('orders__amounts') }}

),

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

placed as (

    select
        {{ surrogate_key(['orders.system', 'orders.source_id']) }} as order_key,
        coalesce(identities.customer_id, {{ unknown_key() }}) as customer_id,
        orders.*,
        coalesce(order_statuses.status_group, 'unknown') as status_group,
        coalesce(order_statuses.is_counted, false)
        and not coalesce(amounts.has_only_returns, false) as is_counted,
        coalesce(order_statuses.is_counted, false)
        and coalesce(amounts.has_only_returns, false) as is_return
    from orders
    left join amounts
        on orders.system = amounts.system
        and orders.source_id = amounts.source_id
    left join identities
        on orders.system = identities.system
        and orders.customer_source_id = identities.source_id
    left join order_statuses
        on orders.order_status = order_statuses.order_status

),

numbered as (

    select
        *,
        row_number() over (
            partition by customer_id, is_counted
            order by ordered_at, order_key
        ) as order_number
    from placed

),

final as (

    select
        -- ids
        orders.order_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        orders.customer_id,
        coalesce(channels.channel_key, {{ unknown_key() }}) as channel_key,
        {{ local_date('orders.ordered_at') }} as ordered_date,
        orders.system,
        orders.source_id,

        -- attributes
        orders.order_status,
        orders.status_group,
        orders.is_counted,
        orders.is_return,
        (
            orders.is_counted
            and orders.customer_id <> {{ unknown_key() }}
            and orders.order_number = 1
        ) as is_first_order,
        {{ local_date('orders.delivered_at') }}
        > {{ local_date('orders.promised_at') }} as is_delivered_late,
        amounts.is_margin_assumed,

        -- measures
        amounts.line_count,
        amounts.item_count,
        amounts.net_amount,
        amounts.cost_amount,
        cast(amounts.net_amount - amounts.cost_amount as decimal(18, 2))
            as margin_amount,
        amounts.freight_amount,
        amounts.tax_amount,
        amounts.paid_amount,
        amounts.refunded_amount,

        -- times
        orders.ordered_at,
        orders.shipped_at,
        orders.delivered_at,
        orders.promised_at

    from numbered as orders
    left join customers
        on orders.customer_id = customers.customer_id
        and orders.ordered_at >= customers.valid_from
        and orders.ordered_at < customers.valid_to
    left join channels
        on orders.channel = channels.channel
    left join amounts
        on orders.system = amounts.system
        and orders.source_id = amounts.source_id

)

select * from final
