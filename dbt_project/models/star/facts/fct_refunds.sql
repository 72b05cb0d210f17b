with

refunds as (

    select * from {{ ref('int_refunds__unioned') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

of_orders as (

    select
        refunds.system,
        refunds.source_id,
        'order' as refund_type,
        orders.order_key,
        orders.customer_id,
        orders.is_counted,
        refunds.refund_amount,
        0 as returned_cost_amount,
        orders.ordered_date as earliest_date,
        refunds.refunded_at
    from refunds
    inner join orders
        on refunds.system = orders.system
        and refunds.order_source_id = orders.source_id

),

credit_notes as (

    select
        refunds.system,
        refunds.source_id,
        'credit_note' as refund_type,
        {{ unknown_key() }} as order_key,
        coalesce(identities.customer_id, {{ unknown_key() }}) as customer_id,
        true as is_counted,
        refunds.refund_amount,
        0 as returned_cost_amount,
        cast(null as date) as earliest_date,
        refunds.refunded_at
    from refunds
    left join identities
        on refunds.system = identities.system
        and refunds.customer_source_id = identities.source_id
    where refunds.order_source_id is null

),

-- the goods of a return receipt come back, and with them their cost
returns as (

    select
        system,
        source_id,
        'return' as refund_type,
        order_key,
        customer_id,
        true as is_counted,
        -net_amount as refund_amount,
        -cost_amount as returned_cost_amount,
        ordered_date as earliest_date,
        ordered_at as refunded_at
    from orders
    where is_return

),

given_back as (

    select * from of_orders

    union all

    select * from credit_notes

    union all

    select * from returns

),

final as (

    select
        -- ids
        {{ surrogate_key([
            'given_back.refund_type', 'given_back.system', 'given_back.source_id'
        ]) }} as refund_key,
        given_back.order_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        given_back.customer_id,
        -- a refund that is dated before its order counts on the day of the order
        greatest(
            {{ local_date('given_back.refunded_at') }}, given_back.earliest_date
        ) as refunded_date,
        given_back.system,
        given_back.source_id,

        -- attributes
        given_back.refund_type,
        given_back.is_counted,
        given_back.refund_type <> 'order' as is_of_customer,

        -- measures
        cast(given_back.refund_amount as decimal(18, 2)) as refund_amount,
        cast(given_back.returned_cost_amount as decimal(18, 2)) as returned_cost_amount,

        -- times
        given_back.refunded_at

    from given_back
    left join customers
        on given_back.customer_id = customers.customer_id
        and given_back.refunded_at >= customers.valid_from
        and given_back.refunded_at < customers.valid_to

)

select * from final
