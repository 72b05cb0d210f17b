with

landed_charges as (

    select * from {{ landed('charge') }}

),

invoices as (

    select * from {{ landed('invoice') }}

),

charges as (

    select
        *,
        {{ record_key('charge') }} as charge_id,
        {{ record_id('payment_intent_id') }} as intent_id,
        coalesce(amount_captured, amount) as amount_paid
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

final as (

    select
        -- ids
        charges.charge_id as source_id,
        coalesce(
            {{ record_id('charges.invoice_id') }},
            invoices_of_charges.invoice_id,
            invoices_of_intents.invoice_id,
            charges.charge_id
        ) as order_source_id,

        -- attributes
        coalesce(
            cast(charges.payment_method_details_type as varchar),
            case
                when charges.card_id is not null then 'card'
                when charges.bank_account_id is not null then 'bank_account'
            end
        ) as payment_type,
        case
            when not cast(cast(charges.livemode as varchar) as boolean) then 'test_mode'
            when lower(charges.status) <> 'succeeded' then 'failed_or_pending_payment'
            when not cast(cast(charges.captured as varchar) as boolean)
                then 'not_captured'
        end as excluded_reason,

        -- measures
        cast(
            {{ major_units('charges.amount_paid', 'charges.currency') }}
            as decimal(18, 2)
        ) as payment_amount,

        -- times
        {{ moment('charges.created') }} as paid_at,

        -- landing
        charges._load_date,
        charges._source_file,
        charges._source_row

    from charges
    left join invoices_of_charges
        on charges.charge_id = invoices_of_charges.charge_id
    left join invoices_of_intents
        on charges.intent_id = invoices_of_intents.payment_intent_id

)

select * from final
