with

source as (

    select * from {{ source('shop', 'shop__refunds') }}

),

final as (

    select
        -- ids
        {{ record_key('shop', 'refunds') }} as source_id,
        order_number as order_source_id,
        order_number || '-' || cast(line_number as varchar) as order_line_source_id,

        -- attributes
        reason,

        -- measures
        refund_amount,

        -- times
        {{ utc('refunded_at') }} as refunded_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
