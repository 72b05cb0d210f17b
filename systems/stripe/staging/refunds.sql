with

refunds as (

    select * from {{ landed('refund') }}

),

disputes as (

    select * from {{ landed('dispute') }}

),

credit_notes as (

    select * from {{ landed('credit_note') }}

),

charges as (

    select * from {{ landed('charge') }}

),

invoices as (

    select * from {{ landed('invoice') }}

),

latest_invoices as (

    select
        {{ record_key('invoice') }} as invoice_id,
        {{ record_id('charge_id') }} as charge_id,
        {{ record_id('payment_intent_id') }} as payment_intent_id,
        -- the part of an invoice that is not tax
        coalesce(
            cast(total_excluding_tax as double),
            cast(total as double) - coalesce(cast(tax as double), 0)
        ) / nullif(cast(total as double), 0) as net_rate
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

latest_charges as (

    select
        {{ record_key('charge') }} as charge_id,
        {{ record_id('invoice_id') }} as invoice_id,
        {{ record_id('payment_intent_id') }} as payment_intent_id,
        cast(cast(livemode as varchar) as boolean) as is_live
    from charges
    qualify row_number() over (
        partition by {{ record_key('charge') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

orders_of_charges as (

    select
        latest_charges.charge_id,
        latest_charges.is_live,
        coalesce(
            latest_charges.invoice_id,
            invoices_of_charges.invoice_id,
            invoices_of_intents.invoice_id,
            latest_charges.charge_id
        ) as order_id
    from latest_charges
    left join invoices_of_charges
        on latest_charges.charge_id = invoices_of_charges.charge_id
    left join invoices_of_intents
        on latest_charges.payment_intent_id = invoices_of_intents.payment_intent_id

),

charges_with_rates as (

    select
        orders_of_charges.charge_id,
        orders_of_charges.is_live,
        orders_of_charges.order_id,
        latest_invoices.net_rate
    from orders_of_charges
    left join latest_invoices
        on orders_of_charges.order_id = latest_invoices.invoice_id

),

of_charges as (

    select
        -- ids
        {{ record_key('refund', 'refunds') }} as source_id,
        coalesce(
            charges_with_rates.order_id, {{ record_id('refunds.charge_id') }}
        ) as order_source_id,

        -- attributes
        cast(refunds.reason as varchar) as reason,
        case
            when not charges_with_rates.is_live then 'test_mode'
            when lower(refunds.status) in ('failed', 'canceled', 'requires_action')
                then 'refund_not_paid'
        end as excluded_reason,

        -- measures
        cast(round(
            {{ major_units('refunds.amount', 'refunds.currency') }}
            * coalesce(charges_with_rates.net_rate, 1), 2
        ) as decimal(18, 2)) as refund_amount,

        -- times
        {{ moment('refunds.created') }} as refunded_at,

        -- landing
        refunds._load_date,
        refunds._source_file,
        refunds._source_row

    from refunds
    left join charges_with_rates
        on {{ record_id('refunds.charge_id') }} = charges_with_rates.charge_id

),

-- until it is lost, the money of a dispute may come back
of_disputes as (

    select
        -- ids
        {{ record_key('dispute', 'disputes') }} as source_id,
        coalesce(
            charges_with_rates.order_id, {{ record_id('disputes.charge_id') }}
        ) as order_source_id,

        -- attributes
        'dispute: ' || cast(disputes.reason as varchar) as reason,
        case
            when
                not cast(cast(disputes.livemode as varchar) as boolean)
                or not charges_with_rates.is_live
                then 'test_mode'
            when lower(disputes.status) <> 'lost' then 'dispute_not_lost'
        end as excluded_reason,

        -- measures
        cast(round(
            {{ major_units('disputes.amount', 'disputes.currency') }}
            * coalesce(charges_with_rates.net_rate, 1), 2
        ) as decimal(18, 2)) as refund_amount,

        -- times
        {{ moment('disputes.created') }} as refunded_at,

        -- landing
        disputes._load_date,
        disputes._source_file,
        disputes._source_row

    from disputes
    left join charges_with_rates
        on {{ record_id('disputes.charge_id') }} = charges_with_rates.charge_id

),

-- a credit note that is paid back through a refund is that refund
of_credit_notes as (

    select
        -- ids
        {{ record_key('credit_note', 'credit_notes') }} as source_id,
        {{ record_id('credit_notes.invoice_id') }} as order_source_id,

        -- attributes
        'credit note' || coalesce(': ' || cast(credit_notes.reason as varchar), '')
            as reason,
        case
            when not cast(cast(credit_notes.livemode as varchar) as boolean)
                then 'test_mode'
            when lower(credit_notes.status) = 'void' then 'void_credit_note'
            when credit_notes.refund_id is not null then 'paid_as_refund'
        end as excluded_reason,

        -- measures
        cast(round(
            {{ major_units('credit_notes.amount', 'credit_notes.currency') }}
            * coalesce(latest_invoices.net_rate, 1), 2
        ) as decimal(18, 2)) as refund_amount,

        -- times
        {{ moment('credit_notes.created') }} as refunded_at,

        -- landing
        credit_notes._load_date,
        credit_notes._source_file,
        credit_notes._source_row

    from credit_notes
    left join latest_invoices
        on {{ record_id('credit_notes.invoice_id') }} = latest_invoices.invoice_id

),

final as (

    select * from of_charges

    union all

    select * from of_disputes

    union all

    select * from of_credit_notes

)

select * from final
