with

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

counted_orders as (

    select
        orders.customer_id,
        orders.ordered_date as event_date,
        orders.ordered_at as happened_at,
        orders.order_key,
        orders.net_amount - orders.refunded_amount as revenue_amount,
        0 as refund_amount,
        orders.refunded_amount = 0 as is_unrefunded
    from orders
    inner join as_of
        on orders.ordered_date < as_of.as_of_date
    where
        orders.is_counted
        and orders.customer_id <> {{ unknown_key() }}
        and (
            orders.refunded_amount < orders.net_amount
            or orders.refunded_amount = 0
        )

),

customer_refunds as (

    select
        refunds.customer_id,
        refunds.refunded_date as event_date,
        refunds.refunded_at as happened_at,
        refunds.refund_key as order_key,
        0 as revenue_amount,
        refunds.refund_amount,
        false as is_unrefunded
    from refunds
    inner join as_of
        on refunds.refunded_date < as_of.as_of_date
    where refunds.is_of_customer

),

events as (

    select
        *,
        true as is_order
    from counted_orders

    union all

    select
        *,
        false as is_order
    from customer_refunds

),

-- from the latest to the earliest: what was bought, and what was given back without naming
-- an order
summed as (

    select
        *,
        sum(greatest(revenue_amount, 0)) over later as bought_amount,
        sum(refund_amount) over later as given_back_amount
    from events
    window later as (
        partition by customer_id
        order by event_date desc, is_order asc, happened_at desc, order_key desc
        rows between unbounded preceding and current row
    )

),

-- such a refund is taken off the latest orders before it, each up to its revenue
covered as (

    select
        *,
        bought_amount
        + least(
            min(given_back_amount - bought_amount) over (
                partition by customer_id
                order by event_date desc, happened_at desc, order_key desc
                rows between unbounded preceding and current row
            ), 0
        ) as covered_amount
    from summed
    where is_order

),

reduced as (

    select
        *,
        revenue_amount
        - covered_amount
        + coalesce(
            lag(covered_amount) over (
                partition by customer_id
                order by event_date desc, happened_at desc, order_key desc
            ), 0
        ) as kept_amount
    from covered

),

-- a purchase is an order that was not refunded in full; free orders count as well
final as (

    select
        -- ids
        customer_id,
        event_date as purchase_date,

        -- measures
        cast(sum(kept_amount) as decimal(18, 2)) as revenue_amount

    from reduced
    where
        kept_amount > 0
        or (revenue_amount <= 0 and is_unrefunded)
    group by customer_id, event_date

)

select * from final
