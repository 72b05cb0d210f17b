with

source as (

    select * from {{ landed('panelists') }}

),

final as (

    select
        -- ids
        {{ record_key('panelists') }} as source_id,
        'outlet:' || outlet_member as external_id,

        -- attributes
        trim(mail) as email,

        -- times
        {{ utc('enrolled') }} as registered_at,
        {{ utc('enrolled') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
