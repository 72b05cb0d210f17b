with

contact as (

    select * from {{ landed('contact') }}

),

company as (

    select * from {{ landed('company') }}

),

contact_merge_audit as (

    select * from {{ landed('contact_merge_audit') }}

),

contacts as (

    select
        -- ids
        {{ record_key('contact') }} as source_id,
        {{ record_id('property_associatedcompanyid') }} as company_id,

        -- attributes
        trim(cast(property_email as varchar)) as email,
        cast(property_hs_additional_emails as varchar) as additional_emails,
        coalesce(
            nullif(trim(cast(property_phone as varchar)), ''),
            cast(property_mobilephone as varchar)
        ) as phone,
        cast(property_firstname as varchar) as first_name,
        cast(property_lastname as varchar) as last_name,
        cast(property_address as varchar) as street,
        cast(property_zip as varchar) as postal_code,
        cast(property_city as varchar) as city,
        coalesce(
            cast(property_hs_state_code as varchar), cast(property_state as varchar)
        ) as region,
        -- a country is a code, or free text that is no code
        upper(
            nullif(
                regexp_extract(
                    coalesce(
                        cast(property_hs_country_region_code as varchar),
                        trim(cast(property_country as varchar))
                    ),
                    '^[A-Za-z]{2}$'
                ),
                ''
            )
        ) as country,
        cast(segment as varchar) as segment,
        -- en-gb is English
        lower(split_part(cast(property_hs_language as varchar), '-', 1)) as language,
        concat_ws(
            ';',
            cast(property_hs_calculated_merged_vids as varchar),
            cast(property_hs_merged_object_ids as varchar)
        ) as merged_contacts,
        coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
        or coalesce(cast(cast(is_deleted as varchar) as boolean), false) as is_deleted,

        -- times
        {{ moment('property_createdate') }} as registered_at,
        coalesce(
            {{ moment('property_lastmodifieddate') }}, {{ moment('_fivetran_synced') }}
        ) as updated_at,
        coalesce(
            {{ moment('_fivetran_synced') }}, {{ start_of_day('_load_date') }}
        ) as seen_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from contact

),

-- the merged contacts that a contact names: <id>:<time in seconds or milliseconds>, or only <id>
named_merges as (

    select
        source_id as survivor_id,
        {{ each_element("string_split(merged_contacts, ';')") }} as merged_contact,
        updated_at,
        seen_at,
        _load_date,
        _source_file,
        _source_row
    from contacts

),

read_merges as (

    select
        survivor_id,
        {{ record_id("split_part(merged_contact, ':', 1)") }} as source_id,
        case length(split_part(merged_contact, ':', 2))
            when 13
                then make_timestamp(
                    try_cast(split_part(merged_contact, ':', 2) as bigint) * 1000
                )
            when 10
                then make_timestamp(
                    try_cast(split_part(merged_contact, ':', 2) as bigint) * 1000000
                )
        end as merged_at,
        coalesce(updated_at, seen_at) as known_at,
        _load_date,
        _source_file,
        _source_row
    from named_merges

),

all_merges as (

    select
        survivor_id,
        source_id,
        -- a merge without a time is as old as the change that shows it
        coalesce(max(merged_at), max(known_at)) as merged_at,
        _load_date,
        _source_file,
        _source_row
    from read_merges
    where
        source_id <> ''
        and source_id <> survivor_id
    group by survivor_id, source_id, _load_date, _source_file, _source_row

    union all

    select
        {{ record_id('contact_id') }} as survivor_id,
        {{ record_id('vid_to_merge') }} as source_id,
        {{ moment('"timestamp"') }} as merged_at,
        _load_date,
        _source_file,
        _source_row
    from contact_merge_audit

),

first_merges as (

    select
        source_id,
        min(merged_at) as merged_at
    from all_merges
    group by source_id

),

known_ids as (

    select source_id from contacts

    union

    select source_id from all_merges

),

delivered_ids as (

    select source_id from contacts
    group by source_id

),

-- a merge of contacts of which none was delivered is no customer
judged_merges as (

    select
        all_merges.source_id,
        '{{ this_system() }}:' || all_merges.survivor_id as external_id,
        case
            when delivered_ids.source_id is null and survivors.source_id is null
                then 'merge of contacts that were not delivered'
        end as excluded_reason,
        all_merges.merged_at as updated_at,
        all_merges.merged_at as deleted_at,
        all_merges._load_date,
        all_merges._source_file,
        all_merges._source_row
    from all_merges
    left join delivered_ids
        on all_merges.source_id = delivered_ids.source_id
    left join known_ids as survivors
        on all_merges.survivor_id = survivors.source_id

),

-- a merged contact is gone from its merge on; its links stay
living as (

    select
        contacts.*,
        coalesce(
            first_merges.merged_at,
            case when contacts.is_deleted then contacts.seen_at end
        ) as deleted_at
    from contacts
    left join first_merges
        on contacts.source_id = first_merges.source_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by source_id
            order by
                updated_at desc nulls last,
                _load_date desc,
                _source_file desc,
                _source_row desc
        ) as recency,
        min(coalesce(updated_at, {{ start_of_day('_load_date') }})) over (
            partition by source_id
        ) as first_at
    from living

),

companies as (

    select
        {{ record_key('company') }} as company_id,
        cast(segment as varchar) as segment,
        coalesce(
            {{ moment('property_hs_lastmodifieddate') }},
            {{ moment('_fivetran_synced') }},
            {{ start_of_day('_load_date') }}
        ) as changed_at,
        _load_date,
        _source_file,
        _source_row
    from company
    where segment is not null

),

numbered_companies as (

    select
        *,
        row_number() over (
            partition by company_id
            order by changed_at, _load_date, _source_file, _source_row
        ) as version_number
    from companies

),

-- the segment of the company is a version of each of its contacts. The first one counts
-- from the contact's beginning. Versions of one moment replace each other, so that of a
-- company comes a microsecond earlier
segmented as (

    select
        ranked.source_id,
        companies.segment,
        case
            when companies.version_number = 1
                then least(companies.changed_at, ranked.first_at)
            else companies.changed_at
        end - interval 1 microsecond as updated_at,
        ranked.deleted_at,
        companies._load_date,
        companies._source_file,
        companies._source_row
    from ranked
    inner join numbered_companies as companies
        on ranked.company_id = companies.company_id
    where ranked.recency = 1

),

further_emails as (

    select
        source_id as contact_id,
        {{ each_element("string_split(lower(additional_emails), ';')") }} as email,
        updated_at,
        deleted_at,
        _load_date,
        _source_file,
        _source_row
    from living

),

-- a record holds one address: each further one is a record that names the contact.
-- Its id is published, so it is a hash of the address
emails as (

    select
        contact_id || '-' || md5(trim(email)) as source_id,
        '{{ this_system() }}:' || contact_id as external_id,
        trim(email) as email,
        max(updated_at) as updated_at,
        max(deleted_at) as deleted_at,
        _load_date,
        _source_file,
        _source_row
    from further_emails
    where trim(email) <> ''
    group by contact_id, trim(email), _load_date, _source_file, _source_row

),

final as (

    select
        source_id,
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
        registered_at,
        updated_at,
        deleted_at,
        _load_date,
        _source_file,
        _source_row
    from living

    union all by name

    select * from judged_merges

    union all by name

    select * from segmented

    union all by name

    select * from emails

)

select * from final
