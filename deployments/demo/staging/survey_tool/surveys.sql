with

source as (

    select * from {{ landed('surveys') }}

),

final as (

    select
        -- ids
        {{ record_key('surveys') }} as source_id,

        -- attributes
        survey_name,
        survey_type,
        touchpoint,

        -- times
        {{ utc('updated_at') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
