with

products as (

    select * from {{ landed('product') }}

),

variants as (

    select * from {{ landed('product_variant') }}

),

latest_products as (

    select
        {{ record_key('product') }} as product_id,
        cast(title as varchar) as title,
        cast(product_type as varchar) as product_type,
        case
            when cast(cast(_fivetran_deleted as varchar) as boolean)
                then {{ moment('_fivetran_synced') }}
        end as deleted_at
    from products
    qualify row_number() over (
        partition by {{ record_key('product') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

of_products as (

    select
        -- ids
        {{ record_key('product') }} as source_id,

        -- attributes
        cast(title as varchar) as product_name,
        nullif(trim(cast(product_type as varchar)), '') as product_category,

        -- times
        {{ moment('updated_at') }} as updated_at,
        case
            when cast(cast(_fivetran_deleted as varchar) as boolean)
                then {{ moment('_fivetran_synced') }}
        end as deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from products

),

-- a product without options has one variant, which Shopify calls Default Title
of_variants as (

    select
        -- ids
        {{ record_id('variants.product_id') }} || '-'
        || {{ record_key('product_variant', 'variants') }} as source_id,

        -- attributes
        concat_ws(
            ', ',
            latest_products.title,
            nullif(cast(variants.title as varchar), 'Default Title')
        ) as product_name,
        nullif(trim(latest_products.product_type), '') as product_category,

        -- times
        {{ moment('variants.updated_at') }} as updated_at,
        latest_products.deleted_at,

        -- landing
        variants._load_date,
        variants._source_file,
        variants._source_row

    from variants
    left join latest_products
        on {{ record_id('variants.product_id') }} = latest_products.product_id

),

final as (

    select * from of_products

    union all

    select * from of_variants

)

select * from final
