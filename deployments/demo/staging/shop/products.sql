with

source as (

    select * from {{ landed('products') }}

),

final as (

    select
        -- ids
        {{ record_key('products') }} as source_id,

        -- attributes
        product_name,
        category as product_category,

        -- times
        {{ utc('updated_at') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
