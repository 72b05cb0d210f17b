with

source as (

    select * from {{ landed('order_payments') }}

),

final as (

    select
        -- ids
        {{ record_key('order_payments') }} as source_id,
        order_id as order_source_id,

        -- attributes
        payment_type,

        -- measures
        cast(payment_installments as integer) as installment_count,
        cast(payment_value as decimal(18, 2)) as payment_amount,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
