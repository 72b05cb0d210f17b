with

order_lines as (

    select * from {{ ref('int_order_lines__unioned') }}

),

refunds as (

    select * from {{ ref('int_refunds__unioned') }}

),

line_refunds as (

    select
        system,
        order_line_source_id,
        sum(refund_amount) as refund_amount
    from refunds
    where order_line_source_id is not null
    group by system, order_line_source_id

),

order_refunds as (

    select
        system,
        order_source_id,
        sum(refund_amount) as refund_amount
    from refunds
    where order_line_source_id is null
    group by system, order_source_id

),

lines_of_refunded_orders as (

    select
        order_lines.system,
        order_lines.source_id,
        order_lines.net_amount,
        cast(order_refunds.refund_amount as double) / nullif(
            sum(order_lines.net_amount) over (
                partition by order_lines.system, order_lines.order_source_id
            ), 0
        ) as refund_rate,
        sum(order_lines.net_amount) over (
            partition by order_lines.system, order_lines.order_source_id
            order by order_lines.source_id
            rows between unbounded preceding and current row
        ) as running_net_amount
    from order_lines
    inner join order_refunds
        on order_lines.system = order_refunds.system
        and order_lines.order_source_id = order_refunds.order_source_id

),

-- differences of rounded running shares: the shares of an order add up to its refund
-- to the cent
shares as (

    select
        system,
        source_id,
        round(refund_rate * running_net_amount, 2)
        - round(refund_rate * (running_net_amount - net_amount), 2) as refund_amount
    from lines_of_refunded_orders

),

-- what the goods cost by the deployment's assumed margin rate; null if it sets none
with_assumed_cost as (

    select
        *,
        cast(
            round(net_amount * (1 - {{ var('assumed_margin_rate') or 'null' }}), 2)
            as decimal(18, 2)
        ) as assumed_cost_amount
    from order_lines

),

costed as (

    select
        system,
        source_id,
        order_source_id,
        product_source_id,
        line_number,
        (
            cost_amount is null
            and assumed_cost_amount is not null
        ) as is_margin_assumed,
        quantity,
        net_amount,
        coalesce(cost_amount, assumed_cost_amount) as cost_amount,
        freight_amount
    from with_assumed_cost

),

final as (

    select
        -- ids
        costed.system,
        costed.source_id,
        costed.order_source_id,
        costed.product_source_id,

        -- attributes
        costed.line_number,
        costed.is_margin_assumed,

        -- measures
        costed.quantity,
        costed.net_amount,
        costed.cost_amount,
        cast(costed.net_amount - costed.cost_amount as decimal(18, 2)) as margin_amount,
        coalesce(costed.freight_amount, 0) as freight_amount,
        cast(
            coalesce(line_refunds.refund_amount, 0) + coalesce(shares.refund_amount, 0)
            as decimal(18, 2)
        ) as refunded_amount

    from costed
    left join line_refunds
        on costed.system = line_refunds.system
        and costed.source_id = line_refunds.order_line_source_id
    left join shares
        on costed.system = shares.system
        and costed.source_id = shares.source_id

)

select * from final
