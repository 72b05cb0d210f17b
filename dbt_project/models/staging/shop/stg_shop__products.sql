with

source as (

    select * from {{ source('shop', 'shop__products') }}

),

final as (

    select
        -- ids
        {{ record_key('shop', 'products') }} as source_id,

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
