with

source as (

    select * from {{ source('survey_tool', 'survey_tool__contacts') }}

),

final as (

    select
        -- ids
        {{ record_key('survey_tool', 'contacts') }} as source_id,
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
