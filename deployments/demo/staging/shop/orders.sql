with

source as (

    select * from {{ landed('orders') }}

),

final as (

    select
        -- ids
        {{ record_key('orders') }} as source_id,
        buyer_id as customer_source_id,

        -- attributes
        sales_channel as channel,
        status as order_status,
        currency,

        -- measures
        freight_amount,
        tax_amount,

        -- times
        {{ utc('ordered_at') }} as ordered_at,
        {{ utc('shipped_at') }} as shipped_at,
        {{ utc('delivered_at') }} as delivered_at,
        {{ utc('promised_at') }} as promised_at,
        {{ utc('updated_at') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
