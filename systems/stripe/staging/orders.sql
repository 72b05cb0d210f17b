{%- set billing = var('entities').get('subscriptions', []) %}
{%- set shops = var('entities').get('orders', []) | reject('in', billing) | list %}
with

invoices as (

    select * from {{ landed('invoice') }}

),

landed_charges as (

    select * from {{ landed('charge') }}

),

charges as (

    select
        *,
        {{ record_key('charge') }} as charge_id,
        {{ record_id('payment_intent_id') }} as intent_id
    from landed_charges

),

latest_invoices as (

    select
        {{ record_key('invoice') }} as invoice_id,
        {{ record_id('charge_id') }} as charge_id,
        {{ record_id('payment_intent_id') }} as payment_intent_id
    from invoices
    qualify row_number() over (
        partition by {{ record_key('invoice') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

invoices_of_charges as (

    select
        charge_id,
        min(invoice_id) as invoice_id
    from latest_invoices
    where charge_id is not null
    group by charge_id

),

invoices_of_intents as (

    select
        payment_intent_id,
        min(invoice_id) as invoice_id
    from latest_invoices
    where payment_intent_id is not null
    group by payment_intent_id

),

of_invoices as (

    select
        -- ids
        {{ record_key('invoice') }} as source_id,
        cast(customer_id as varchar) as customer_source_id,

        -- attributes
        -- an invoice that is given up was never revenue
        case
            when lower(status) in ('void', 'uncollectible', 'deleted') then 'canceled'
            else 'placed'
        end as order_status,
        upper(trim(cast(currency as varchar))) as currency,
        case
            when not cast(cast(livemode as varchar) as boolean) then 'test_mode'
            when lower(status) = 'draft' then 'draft_invoice'
            when
                cast(total as decimal(18, 2)) = 0
                and coalesce(cast(subtotal as decimal(18, 2)), 0) = 0
                then 'invoice_of_nothing'
        end as excluded_reason,

        -- measures
        cast(coalesce(
            {{ major_units('total', 'currency') }}
            - {{ major_units('total_excluding_tax', 'currency') }},
            {{ major_units('tax', 'currency') }}
        ) as decimal(18, 2)) as tax_amount,

        -- times
        coalesce(
            {{ moment('created') }},
            {{ moment('date') }},
            {{ moment('period_end') }}
        ) as ordered_at,
        case
            when cast(cast(is_deleted as varchar) as boolean)
                then {{ moment('_fivetran_synced') }}
        end as deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from invoices

),

of_charges as (

    select
        -- ids
        charges.charge_id as source_id,
        coalesce(
            cast(charges.customer_id as varchar),
            'guest-' || md5(nullif(lower(trim(charges.receipt_email)), ''))
        ) as customer_source_id,

        -- attributes
        case
            when cast(cast(charges.refunded as varchar) as boolean) then 'returned'
            else 'placed'
        end as order_status,
        upper(trim(cast(charges.currency as varchar))) as currency,
        -- beside a shop, a charge without an invoice is the payment of an order of the shop;
        -- a shop is a system that delivers orders and no subscriptions
        case
            when not cast(cast(charges.livemode as varchar) as boolean) then 'test_mode'
            when lower(charges.status) = 'failed' then 'failed_charge'
            when not cast(cast(charges.captured as varchar) as boolean)
                then 'not_captured'
            when
                charges.invoice_id is not null
                or invoices_of_charges.invoice_id is not null
                or invoices_of_intents.invoice_id is not null
                then 'payment_of_invoice'
            when {{ shops | length }} > 0 then 'payment_of_the_shop'
        end as excluded_reason,

        -- measures
        cast(null as decimal(18, 2)) as tax_amount,

        -- times
        {{ moment('charges.created') }} as ordered_at,
        cast(null as timestamp) as deleted_at,

        -- landing
        charges._load_date,
        charges._source_file,
        charges._source_row

    from charges
    left join invoices_of_charges
        on charges.charge_id = invoices_of_charges.charge_id
    left join invoices_of_intents
        on charges.intent_id = invoices_of_intents.payment_intent_id

),

final as (

    select * from of_invoices

    union all

    select * from of_charges

)

select * from final
