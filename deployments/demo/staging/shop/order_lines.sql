with

source as (

    select * from {{ landed('order_lines') }}

),

final as (

    select
        -- ids
        {{ record_key('order_lines') }} as source_id,
        order_number as order_source_id,
        sku as product_source_id,

        -- attributes
        line_number,

        -- measures
        quantity,
        net_amount,
        cost_amount,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
