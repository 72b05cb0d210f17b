{#- The columns of a person, by table where their names differ; an account is a person if it is a person account. -#}
{%- set columns = [
    'id', 'master_record_id', 'email', 'phone', 'mobile_phone', 'first_name', 'last_name', 'street', 'postal_code',
    'city', 'state', 'state_code', 'country', 'country_code', 'segment', 'created_date', 'is_deleted',
    'last_modified_date', 'system_modstamp', '_fivetran_active', '_fivetran_start', '_fivetran_end', '_fivetran_synced'
] -%}
{%- set places = ['street', 'postal_code', 'city', 'state', 'state_code', 'country', 'country_code'] -%}
{%- set of_contacts = {'account': 'account_id', 'other': 'null', 'place': 'mailing_', 'is_person': "'true'"} -%}
{%- set of_leads = {'account': 'null', 'other': 'converted_contact_id', 'place': '', 'is_person': "'true'"} -%}
{%- set of_accounts = {
    'account': 'id', 'other': 'person_contact_id', 'place': 'billing_', 'is_person': 'is_person_account',
    'email': 'person_email', 'mobile_phone': 'person_mobile_phone', 'master_record_id': 'null'
} -%}
{%- set people = {
    'contact': of_contacts, 'contact_history': of_contacts, 'lead': of_leads,
    'account': of_accounts, 'account_history': of_accounts
} -%}

with

{% for table in people %}
    {{ table }} as (

        select * from {{ landed(table) }}

    ),

{% endfor %}
-- every column as text, as a file has it
delivered as (

    {% for table, names in people.items() %}
        select
            {% for column in columns %}
                {% set name = names.place ~ column if column in places else column %}
                cast({{ names.get(column, name) }} as varchar) as {{ column }},
            {% endfor %}
            cast({{ names.account }} as varchar) as account_id,
            cast({{ names.other }} as varchar) as other_id,
            cast({{ names.is_person }} as varchar) as is_person,
            _load_date,
            _source_file,
            _source_row
        from {{ table }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

versions as (

    select
        -- ids: 15 characters that tell upper and lower case apart; 3 more only check them
        nullif(substr({{ record_id('id') }}, 1, 15), '') as source_id,
        nullif(substr({{ record_id('account_id') }}, 1, 15), '') as account_id,
        -- a lead is the contact that it became, a person account its contact, a merged record
        -- the one it was merged into. Any other has its long id, which another system may name
        '{{ this_system() }}:' || coalesce(
            nullif(substr({{ record_id('other_id') }}, 1, 15), ''),
            nullif(substr({{ record_id('master_record_id') }}, 1, 15), ''),
            {{ record_id('id') }}
        ) as external_id,

        -- attributes
        coalesce(cast(is_person as boolean), false) as is_person,
        trim(email) as email,
        coalesce(nullif(trim(phone), ''), mobile_phone) as phone,
        first_name,
        last_name,
        street,
        postal_code,
        city,
        coalesce(state_code, state) as region,
        -- a country is a code, or free text that is no code
        upper(
            nullif(
                regexp_extract(
                    coalesce(nullif(trim(country_code), ''), trim(country)),
                    '^[A-Za-z]{2}$'
                ),
                ''
            )
        ) as country,
        segment,
        coalesce(cast(is_deleted as boolean), false) as is_deleted,
        coalesce(cast(_fivetran_active as boolean), true) as is_active,

        -- times: a version in history mode says itself when it began
        {{ moment('created_date') }} as registered_at,
        coalesce(
            {{ moment('_fivetran_start') }},
            {{ moment('system_modstamp') }},
            {{ moment('last_modified_date') }},
            {{ moment('_fivetran_synced') }},
            {{ start_of_day('_load_date') }}
        ) as updated_at,
        cast(_fivetran_end as timestamp) as ended_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from delivered

),

ranked as (

    select
        *,
        row_number() over (
            partition by source_id
            order by
                updated_at desc,
                _load_date desc,
                is_active desc,
                _source_file desc,
                _source_row desc
        ) as recency,
        min(updated_at) over (partition by source_id) as first_at
    from versions
    where is_person

),

-- a record is deleted with its mark, or when its last version has ended
living as (

    select
        *,
        case
            when is_deleted then updated_at
            when recency = 1 and not is_active then coalesce(ended_at, updated_at)
        end as deleted_at
    from ranked

),

-- the accounts of companies
accounts as (

    select
        *,
        row_number() over (
            partition by source_id
            order by updated_at, _load_date, _source_file, _source_row
        ) as version_number
    from versions
    where
        not is_person
        and segment is not null

),

-- the segment of the account is a version of each of its contacts. The first one counts
-- from the contact's beginning. Versions of one moment replace each other, so that of an
-- account comes a microsecond earlier
segmented as (

    select
        living.source_id,
        accounts.segment,
        case
            when accounts.version_number = 1
                then least(accounts.updated_at, living.first_at)
            else accounts.updated_at
        end - interval 1 microsecond as updated_at,
        living.deleted_at,
        accounts._load_date,
        accounts._source_file,
        accounts._source_row
    from living
    inner join accounts
        on living.account_id = accounts.source_id
    where living.recency = 1

),

final as (

    select
        source_id,
        external_id,
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
        registered_at,
        updated_at,
        deleted_at,
        _load_date,
        _source_file,
        _source_row
    from living

    union all by name

    select * from segmented

)

select * from final
