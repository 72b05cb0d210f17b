with

source as (

    select * from {{ landed('visitors') }}

),

final as (

    select
        -- ids
        {{ record_key('visitors') }} as source_id,
        'shop:' || account_id as external_id,

        -- attributes
        trim(email) as email,

        -- times
        {{ utc('identified_at') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
