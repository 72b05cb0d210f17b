with

source as (

    select * from {{ landed('studies') }}

),

final as (

    select
        -- ids
        {{ record_key('studies') }} as source_id,

        -- attributes
        title as survey_name,
        case
            when cast(is_about_brand as boolean) then 'relational'
            else 'transactional'
        end as survey_type,
        moment as touchpoint,

        -- times
        {{ utc('edited') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
