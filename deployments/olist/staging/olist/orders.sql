with

source as (

    select * from {{ landed('orders') }}

),

final as (

    select
        -- ids
        {{ record_key('orders') }} as source_id,
        customer_id as customer_source_id,

        -- attributes
        'web' as channel,
        order_status,
        '{{ var("currency") }}' as currency,

        -- times
        {{ utc_from_local('order_purchase_timestamp') }} as ordered_at,
        {{ utc_from_local('order_delivered_carrier_date') }} as shipped_at,
        {{ utc_from_local('order_delivered_customer_date') }} as delivered_at,
        {{ utc_from_local('order_estimated_delivery_date') }} as promised_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
