with

directory_contacts as (

    select * from {{ landed('directory_contact') }}

),

core_contacts as (

    select * from {{ landed('core_contact') }}

),

responses as (

    select * from {{ landed('survey_response') }}

),

embedded_data as (

    select * from {{ landed('survey_embedded_data') }}

),

external_ids as (

    select * from {{ ref('external_ids') }}
    where
        system = '{{ this_system() }}'
        and entity = 'customers'

),

-- a response may hold the respondent's id in another system
embedded_ids as (

    select
        {{ record_id('embedded_data.response_id') }} as response_id,
        min(external_ids.refers_to || ':' || {{ record_id('embedded_data.value') }})
            as external_id

    from embedded_data
    inner join external_ids
        on external_ids.field = 'survey_embedded_data.' || embedded_data.key
    where nullif(trim(cast(embedded_data.value as varchar)), '') is not null
    group by {{ record_id('embedded_data.response_id') }}

),

of_directories as (

    select
        {{ record_id('id') }} as source_id,
        cast(ext_ref as varchar) as reference,
        'directory_contact.ext_ref' as field,
        cast(email as varchar) as email,
        cast(phone as varchar) as phone,
        cast(first_name as varchar) as first_name,
        cast(last_name as varchar) as last_name,
        cast(language as varchar) as language,
        {{ moment('creation_date') }} as registered_at,
        {{ moment('last_modified') }} as updated_at,
        cast(null as timestamp) as deleted_at,
        _load_date,
        _source_file,
        _source_row

    from directory_contacts

),

of_mailing_lists as (

    select
        {{ record_id('id') }} as source_id,
        cast(external_data_reference as varchar) as reference,
        'core_contact.external_data_reference' as field,
        cast(email as varchar) as email,
        cast(null as varchar) as phone,
        cast(first_name as varchar) as first_name,
        cast(last_name as varchar) as last_name,
        cast(language as varchar) as language,
        cast(null as timestamp) as registered_at,
        cast(null as timestamp) as updated_at,
        case
            when cast(cast(_fivetran_deleted as varchar) as boolean)
                then {{ moment('_fivetran_synced') }}
        end as deleted_at,
        _load_date,
        _source_file,
        _source_row

    from core_contacts

),

contacts as (

    select * from of_directories

    union all

    select * from of_mailing_lists

),

identified_contacts as (

    select
        contacts.source_id,
        case
            when contacts.reference like '%:%' then contacts.reference
            when external_ids.refers_to is not null
                then
                    external_ids.refers_to
                    || ':' || {{ record_id('contacts.reference') }}
        end as external_id,
        contacts.email,
        contacts.phone,
        contacts.first_name,
        contacts.last_name,
        contacts.language,
        contacts.registered_at,
        contacts.updated_at,
        contacts.deleted_at,
        contacts._load_date,
        contacts._source_file,
        contacts._source_row

    from contacts
    left join external_ids
        on contacts.field = external_ids.field

),

-- a respondent outside the directory is known by an address or by an id of another system;
-- the record's id is a hash, because ids are published (the same in survey_answers.sql)
respondents as (

    select
        md5(
            lower(
                coalesce(
                    nullif(trim(cast(responses.recipient_email as varchar)), ''),
                    embedded_ids.external_id
                )
            )
        ) as source_id,
        embedded_ids.external_id,
        cast(responses.recipient_email as varchar) as email,
        cast(null as varchar) as phone,
        cast(null as varchar) as first_name,
        cast(null as varchar) as last_name,
        cast(responses.user_language as varchar) as language,
        cast(null as timestamp) as registered_at,
        {{ moment('responses.recorded_date') }} as updated_at,
        cast(null as timestamp) as deleted_at,
        responses._load_date,
        responses._source_file,
        responses._source_row

    from responses
    left join embedded_ids
        on {{ record_id('responses.id') }} = embedded_ids.response_id

),

people as (

    select * from identified_contacts

    union all

    select * from respondents

),

final as (

    select
        -- ids
        source_id,
        external_id,

        -- attributes
        trim(email) as email,
        phone,
        first_name,
        last_name,
        -- PT-BR is Portuguese
        lower(split_part(language, '-', 1)) as language,
        case when source_id is null then 'anonymous response' end as excluded_reason,

        -- times
        registered_at,
        updated_at,
        deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from people

)

select * from final
