with

source as (

    select * from {{ landed('refunds') }}

),

final as (

    select
        -- ids
        {{ record_key('refunds') }} as source_id,
        order_number as order_source_id,
        {{ record_id('order_number') }} || '-' || {{ record_id('line_number') }}
            as order_line_source_id,

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
