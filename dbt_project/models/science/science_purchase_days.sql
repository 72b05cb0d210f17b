with

orders as (

    select * from {{ ref('fct_orders') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

-- a purchase is an order that was not refunded in full; free orders count as well
final as (

    select
        -- ids
        orders.customer_id,
        orders.ordered_date as purchase_date,

        -- measures
        cast(sum(orders.net_amount - orders.refunded_amount) as decimal(18, 2))
            as revenue_amount

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
    group by orders.customer_id, orders.ordered_date

)

select * from final
