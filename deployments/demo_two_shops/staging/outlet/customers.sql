with

source as (

    select * from {{ landed('members') }}

),

final as (

    select
        -- ids
        {{ record_key('members') }} as source_id,

        -- attributes
        trim(mail) as email,
        mobile as phone,
        given_name as first_name,
        family_name as last_name,
        country_code as country,
        speaks as language,

        -- times
        {{ utc_from_local('joined') }} as registered_at,
        {{ utc_from_local('changed') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
