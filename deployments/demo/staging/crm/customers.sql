with

source as (

    select * from {{ landed('customers') }}

),

final as (

    select
        -- ids
        {{ record_key('customers') }} as source_id,

        -- attributes
        email,
        phone,
        first_name,
        last_name,
        street,
        postal_code,
        city,
        region,
        country,
        segment,
        language,

        -- times
        {{ utc('registered_at') }} as registered_at,
        {{ utc('updated_at') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
