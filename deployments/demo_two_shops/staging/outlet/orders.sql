with

source as (

    select * from {{ landed('purchases') }}

),

final as (

    select
        -- ids
        {{ record_key('purchases') }} as source_id,
        member_no as customer_source_id,

        -- attributes
        via as channel,
        -- the outlet's 'delivered' is the shop's 'shipped'
        'outlet_' || state as order_status,
        'EUR' as currency,

        -- measures
        {{ amount_with_comma('shipping_eur') }} as freight_amount,
        {{ amount_with_comma('vat_eur') }} as tax_amount,

        -- times
        {{ utc_from_local('placed') }} as ordered_at,
        {{ utc_from_local('sent') }} as shipped_at,
        {{ utc_from_local('arrived') }} as delivered_at,
        {{ utc_from_local('due') }} as promised_at,
        {{ utc_from_local('changed') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
