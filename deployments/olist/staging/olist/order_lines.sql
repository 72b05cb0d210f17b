with

source as (

    select * from {{ landed('order_items') }}

),

final as (

    select
        -- ids
        {{ record_key('order_items') }} as source_id,
        order_id as order_source_id,
        product_id as product_source_id,

        -- attributes
        cast(order_item_id as integer) as line_number,

        -- measures
        1 as quantity,
        cast(price as decimal(18, 2)) as net_amount,
        cast(freight_value as decimal(18, 2)) as freight_amount,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
