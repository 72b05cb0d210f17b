with

source as (

    select * from {{ landed('articles') }}

),

final as (

    select
        -- ids
        {{ record_key('articles') }} as source_id,

        -- attributes
        title as product_name,
        department as product_category,

        -- times
        {{ utc_from_local('changed') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
