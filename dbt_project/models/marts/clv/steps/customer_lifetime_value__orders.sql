with

customers as (

    select * from {{ ref('dim_customers') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

counted_orders as (

    select * from orders
    where is_counted

),

values_of_orders as (

    select
        customer_id,
        count(*) as order_count,
        sum(line_count) as line_count,
        count(*) filter (where margin_amount is null) as unknown_margin_count,
        sum(refunded_amount) as refunded_amount,
        sum(net_amount - refunded_amount) as revenue_amount,
        sum(margin_amount - refunded_amount) as margin_amount,
        bool_or(is_margin_assumed) as is_margin_assumed,
        min(ordered_date) as first_order_date,
        max(ordered_date) as last_order_date

    from counted_orders
    group by customer_id

),

uncounted_orders as (

    select
        customer_id,
        count(*) filter (where not coalesce(is_return, false)) as canceled_order_count,
        count(*) filter (where is_return) as return_count

    from orders
    where not is_counted
    group by customer_id

),

-- credit notes and returns belong to no order
customer_refunds as (

    select
        customer_id,
        count(*) filter (where returned_cost_amount is null) as unknown_margin_count,
        sum(refund_amount) as refunded_amount,
        sum(refund_amount - returned_cost_amount) as refunded_margin_amount

    from refunds
    where is_of_customer
    group by customer_id

),

joined as (

    select
        customers.customer_id,
        customers.segment,
        values_of_orders.first_order_date,
        values_of_orders.last_order_date,
        values_of_orders.line_count,
        coalesce(values_of_orders.is_margin_assumed, false) as is_margin_assumed,
        coalesce(values_of_orders.order_count, 0) as order_count,
        coalesce(uncounted_orders.canceled_order_count, 0) as canceled_order_count,
        coalesce(uncounted_orders.return_count, 0) as return_count,
        coalesce(values_of_orders.unknown_margin_count, 0)
        + coalesce(customer_refunds.unknown_margin_count, 0) as unknown_margin_count,
        coalesce(values_of_orders.refunded_amount, 0)
        + coalesce(customer_refunds.refunded_amount, 0) as refunded_amount,
        coalesce(values_of_orders.revenue_amount, 0)
        - coalesce(customer_refunds.refunded_amount, 0) as revenue_amount,
        case
            when customer_refunds.refunded_margin_amount is null
                then values_of_orders.margin_amount
            else
                coalesce(values_of_orders.margin_amount, 0)
                - customer_refunds.refunded_margin_amount
        end as margin_amount

    from customers
    left join values_of_orders
        on customers.customer_id = values_of_orders.customer_id
    left join uncounted_orders
        on customers.customer_id = uncounted_orders.customer_id
    left join customer_refunds
        on customers.customer_id = customer_refunds.customer_id
    where
        customers.is_current
        and customers.customer_id <> {{ unknown_key() }}

),

with_reason as (

    select
        *,
        case
            when order_count > 0 and line_count = 0 then 'no_order_lines'
            when order_count > 0 and refunded_amount > 0 and revenue_amount = 0
                then 'refunded_in_full'
            when order_count > 0 and unknown_margin_count > 0 then 'no_margin_known'
            when order_count > 0 then null
            when return_count > 0 then 'refunded_in_full'
            when canceled_order_count > 0 then 'only_canceled_orders'
            else 'no_order'
        end as no_value_reason
    from joined

),

final as (

    select
        -- ids
        customer_id,

        -- attributes
        segment,
        no_value_reason,
        is_margin_assumed,

        -- measures
        cast(order_count as bigint) as order_count,
        cast(canceled_order_count as bigint) as canceled_order_count,
        cast(revenue_amount as decimal(18, 2)) as revenue_amount,
        cast(refunded_amount as decimal(18, 2)) as refunded_amount,
        cast(margin_amount as decimal(18, 2)) as margin_amount,
        cast(
            case when no_value_reason is null then margin_amount end as decimal(18, 2)
        ) as historic_value_amount,

        -- times
        first_order_date,
        last_order_date

    from with_reason

)

select * from final
