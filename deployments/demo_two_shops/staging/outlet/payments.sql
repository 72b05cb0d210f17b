with

source as (

    select * from {{ landed('receipts') }}

),

final as (

    select
        -- ids
        {{ record_key('receipts') }} as source_id,
        purchase_no as order_source_id,

        -- attributes
        means as payment_type,

        -- measures
        instalments as installment_count,
        {{ amount_with_comma('paid_eur') }} as payment_amount,

        -- times
        {{ utc_from_local('received') }} as paid_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
