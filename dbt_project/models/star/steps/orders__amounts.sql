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

line_totals as (

    select
        system,
        order_source_id,
        bool_or(is_margin_assumed) as is_margin_assumed,
        -- goods taken back and nothing sold
        max(net_amount) <= 0
        and (sum(net_amount) < 0 or max(quantity) < 0) as has_only_returns,
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

final as (

    select
        -- ids
        orders.system,
        orders.source_id,

        -- attributes
        coalesce(line_totals.is_margin_assumed, false) as is_margin_assumed,
        coalesce(line_totals.has_only_returns, false) as has_only_returns,

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
            coalesce(orders.freight_amount, 0) + coalesce(line_totals.freight_amount, 0)
            as decimal(18, 2)
        ) as freight_amount,
        cast(coalesce(orders.tax_amount, 0) as decimal(18, 2)) as tax_amount,
        cast(coalesce(payment_totals.paid_amount, 0) as decimal(18, 2)) as paid_amount,
        cast(coalesce(refund_totals.refunded_amount, 0) as decimal(18, 2))
            as refunded_amount

    from orders
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
