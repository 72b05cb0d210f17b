with

orders as (

    select * from {{ ref('int_orders__unioned') }}

),

order_lines as (

    select * from {{ ref('int_order_lines__priced') }}

),

refunds as (

    select * from {{ ref('int_refunds__unioned') }}

),

payments as (

    select * from {{ ref('int_payments__unioned') }}

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

line_totals as (

    select
        system,
        order_source_id,
        bool_or(is_margin_assumed) as is_margin_assumed,
        count(*) as line_count,
        sum(quantity) as item_count,
        sum(net_amount) as net_amount,
        -- one line of unknown cost leaves the cost of the order unknown
        case
            when count(cost_amount) = count(*) then sum(cost_amount)
        end as cost_amount,
        sum(freight_amount) as freight_amount
    from order_lines
    group by system, order_source_id

),

refund_totals as (

    select
        system,
        order_source_id,
        sum(refund_amount) as refunded_amount
    from refunds
    group by system, order_source_id

),

payment_totals as (

    select
        system,
        order_source_id,
        sum(payment_amount) as paid_amount
    from payments
    group by system, order_source_id

),

placed as (

    select
        {{ surrogate_key(['orders.system', 'orders.source_id']) }} as order_key,
        coalesce(identities.customer_id, {{ unknown_key() }}) as customer_id,
        orders.*,
        coalesce(order_statuses.status_group, 'unknown') as status_group,
        coalesce(order_statuses.is_counted, false) as is_counted
    from orders
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
        (
            orders.is_counted
            and orders.customer_id <> {{ unknown_key() }}
            and orders.order_number = 1
        ) as is_first_order,
        {{ local_date('orders.delivered_at') }}
        > {{ local_date('orders.promised_at') }} as is_delivered_late,
        coalesce(line_totals.is_margin_assumed, false) as is_margin_assumed,

        -- measures
        coalesce(line_totals.line_count, 0) as line_count,
        cast(coalesce(line_totals.item_count, 0) as bigint) as item_count,
        cast(coalesce(line_totals.net_amount, 0) as decimal(18, 2)) as net_amount,
        cast(
            case
                when line_totals.line_count is null then 0
                else line_totals.cost_amount
            end as decimal(18, 2)
        ) as cost_amount,
        cast(
            case
                when line_totals.line_count is null then 0
                else line_totals.net_amount - line_totals.cost_amount
            end as decimal(18, 2)
        ) as margin_amount,
        cast(
            coalesce(orders.freight_amount, 0) + coalesce(line_totals.freight_amount, 0)
            as decimal(18, 2)
        ) as freight_amount,
        cast(coalesce(orders.tax_amount, 0) as decimal(18, 2)) as tax_amount,
        cast(coalesce(payment_totals.paid_amount, 0) as decimal(18, 2)) as paid_amount,
        cast(coalesce(refund_totals.refunded_amount, 0) as decimal(18, 2))
            as refunded_amount,

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
    left join line_totals
        on orders.system = line_totals.system
        and orders.source_id = line_totals.order_source_id
    left join refund_totals
        on orders.system = refund_totals.system
        and orders.source_id = refund_totals.order_source_id
    left join payment_totals
        on orders.system = payment_totals.system
        and orders.source_id = payment_totals.order_source_id

)

select * from final
