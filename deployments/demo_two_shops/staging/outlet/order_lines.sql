with

source as (

    select * from {{ landed('purchase_items') }}

),

final as (

    select
        -- ids
        {{ record_key('purchase_items') }} as source_id,
        purchase_no as order_source_id,
        article_no as product_source_id,

        -- attributes
        position as line_number,

        -- measures
        pieces as quantity,
        {{ amount_with_comma('price_eur') }} as net_amount,
        {{ amount_with_comma('cost_eur') }} as cost_amount,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
