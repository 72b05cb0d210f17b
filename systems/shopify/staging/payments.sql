with

transactions as (

    select * from {{ landed('transaction') }}

),

orders as (

    select * from {{ landed('order') }}

),

latest_orders as (

    select
        {{ record_key('order') }} as order_id,
        upper(trim(coalesce(
            cast(currency as varchar), cast(currency_code as varchar)
        ))) as currency
    from orders
    qualify row_number() over (
        partition by {{ record_key('order') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

stated as (

    select
        *,
        {{ record_id('order_id') }} as id_of_order,
        lower(cast(kind as varchar)) as kind_code,
        lower(cast(status as varchar)) as status_code,
        coalesce(cast(cast(test as varchar) as boolean), false) as is_test,
        upper(trim(cast(currency as varchar))) as currency_paid,
        cast(amount_set_shop_amount as decimal(18, 2)) as shop_amount,
        cast(amount as decimal(18, 2)) as paid_amount,
        cast(currency_exchange_final_amount as decimal(18, 2)) as exchanged_amount
    from transactions

),

-- the amount of REST is in the currency of the customer, that of GraphQL in the shop's
in_currency_of_shop as (

    select
        stated.*,
        case
            when stated.shop_amount is not null then stated.shop_amount
            when
                stated.currency_paid is null
                or latest_orders.currency is null
                or stated.currency_paid = latest_orders.currency
                then stated.paid_amount
            else stated.exchanged_amount
        end as amount_of_shop
    from stated
    left join latest_orders
        on stated.id_of_order = latest_orders.order_id

),

final as (

    select
        -- ids
        {{ record_key('transaction') }} as source_id,
        id_of_order as order_source_id,

        -- attributes
        cast(gateway as varchar) as payment_type,
        -- money goes in with a sale or a capture, and the change goes out with `change`;
        -- what refunds pay back is in the refunds
        case
            when is_test then 'test_payment'
            when status_code <> 'success' then 'failed_or_pending_payment'
            when kind_code = 'refund' then 'payment_of_refund'
            when kind_code not in ('sale', 'capture', 'change') then 'no_money_moved'
            when amount_of_shop is null then 'paid_in_another_currency'
        end as excluded_reason,

        -- measures
        case
            when kind_code = 'change' then -amount_of_shop
            else amount_of_shop
        end as payment_amount,

        -- times
        coalesce(
            {{ moment('processed_at') }}, {{ moment('created_at') }}
        ) as paid_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from in_currency_of_shop

)

select * from final
