with

source as (

    select * from {{ landed('products') }}

),

translations as (

    select * from {{ landed('product_category_name_translation') }}

),

english_names as (

    select
        product_category_name,
        max(product_category_name_english) as product_category_name_english

    from translations
    group by product_category_name

),

final as (

    select
        -- ids
        {{ record_key('products', 'source') }} as source_id,

        -- attributes
        coalesce(
            english_names.product_category_name_english, source.product_category_name
        ) as product_category,

        -- landing
        source._load_date,
        source._source_file,
        source._source_row

    from source
    left join english_names
        on source.product_category_name = english_names.product_category_name

)

select * from final
