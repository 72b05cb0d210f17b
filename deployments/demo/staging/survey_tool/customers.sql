with

source as (

    select * from {{ landed('contacts') }}

),

final as (

    select
        -- ids
        {{ record_key('contacts') }} as source_id,
        'crm:' || crm_customer_id as external_id,

        -- attributes
        trim(email) as email,
        language,

        -- times
        {{ utc('created_at') }} as registered_at,
        {{ utc('updated_at') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
