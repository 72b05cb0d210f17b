with

source as (

    select * from {{ landed('customers') }}

),

final as (

    select
        -- ids
        {{ record_key('customers') }} as source_id,
        'person:' || customer_unique_id as external_id,

        -- attributes
        customer_zip_code_prefix as postal_code,
        customer_city as city,
        customer_state as region,
        'BR' as country,
        customer_state as segment,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
