with

source as (

    select * from {{ landed('payments') }}

),

final as (

    select
        -- ids
        {{ record_key('payments') }} as source_id,
        order_number as order_source_id,

        -- attributes
        payment_method as payment_type,

        -- measures
        installment_count,
        payment_amount,

        -- times
        {{ utc('paid_at') }} as paid_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
