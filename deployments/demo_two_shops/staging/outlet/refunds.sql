with

source as (

    select * from {{ landed('returns') }}

),

final as (

    select
        -- ids
        {{ record_key('returns') }} as source_id,
        purchase_no as order_source_id,
        {{ record_id('purchase_no') }} || '-' || {{ record_id('position') }}
            as order_line_source_id,

        -- attributes
        why as reason,

        -- measures
        {{ amount_with_comma('refund_eur') }} as refund_amount,

        -- times
        {{ utc_from_local('returned') }} as refunded_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
