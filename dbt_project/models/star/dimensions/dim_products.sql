with

products as (

    select * from {{ ref('int_products__unioned') }}

),

final as (

    select
        -- ids
        {{ surrogate_key(['system', 'source_id']) }} as product_key,
        system,
        source_id,

        -- attributes
        coalesce(product_name, source_id) as product_name,
        coalesce(product_category, 'unknown') as product_category

    from products

    union all

    select
        {{ unknown_key() }} as product_key,
        'unknown' as system,
        'unknown' as source_id,
        'Unknown' as product_name,
        'unknown' as product_category

)

select * from final
