{%- set columns = [
    'id', 'contact_id', 'account_id', 'amount', 'currency_iso_code', 'close_date', 'is_closed', 'is_won', 'is_deleted',
    'last_modified_date', 'system_modstamp', '_fivetran_active', '_fivetran_start', '_fivetran_end', '_fivetran_synced'
] -%}
{#- The account of each person, and whether the row is a person. -#}
{%- set members = {
    'contact': ('account_id', "'true'"),
    'contact_history': ('account_id', "'true'"),
    'account': ('id', 'cast(is_person_account as varchar)'),
    'account_history': ('id', 'cast(is_person_account as varchar)'),
} -%}
{%- set tables = ['opportunity', 'opportunity_history', 'opportunity_contact_role'] + members.keys() | list -%}

with

{% for table in tables %}
    {{ table }} as (

        select * from {{ landed(table) }}

    ),

{% endfor %}
-- every column as text, as a file has it
delivered as (

    {% for table in ['opportunity', 'opportunity_history'] %}
        select
            {% for column in columns %}
                cast({{ column }} as varchar) as {{ column }},
            {% endfor %}
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
        nullif(substr({{ record_id('contact_id') }}, 1, 15), '') as contact_id,
        nullif(substr({{ record_id('account_id') }}, 1, 15), '') as account_id,

        -- attributes
        upper(trim(currency_iso_code)) as currency,
        coalesce(cast(is_won as boolean), false) as is_won,
        coalesce(cast(is_closed as boolean), false) as is_closed,
        coalesce(cast(is_deleted as boolean), false) as is_deleted,
        coalesce(cast(_fivetran_active as boolean), true) as is_active,

        -- measures
        cast(amount as decimal(18, 2)) as amount,

        -- times: the close date is a day of the company, without a time
        {{ utc_from_local('close_date') }} as ordered_at,
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
        ) as recency
    from versions

),

ranked_roles as (

    select
        nullif(substr({{ record_id('opportunity_id') }}, 1, 15), '') as opportunity_id,
        nullif(substr({{ record_id('contact_id') }}, 1, 15), '') as contact_id,
        {{ record_key('opportunity_contact_role') }} as role_id,
        coalesce(cast(cast(is_primary as varchar) as boolean), false) as is_primary,
        coalesce(cast(cast(is_deleted as varchar) as boolean), false) as is_deleted,
        row_number() over (
            partition by {{ record_key('opportunity_contact_role') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency
    from opportunity_contact_role

),

-- the primary contact of an opportunity, else the first one
placed_roles as (

    select
        opportunity_id,
        contact_id,
        row_number() over (
            partition by opportunity_id
            order by is_primary desc, role_id asc
        ) as place
    from ranked_roles
    where
        recency = 1
        and not is_deleted

),

members as (

    {% for table, (account, is_person) in members.items() %}
        select
            nullif(substr({{ record_id('id') }}, 1, 15), '') as customer_id,
            nullif(substr({{ record_id(account) }}, 1, 15), '') as account_id,
            coalesce(cast({{ is_person }} as boolean), false) as is_person,
            coalesce(cast(cast(is_deleted as varchar) as boolean), false) as is_deleted,
            coalesce(cast(cast(_fivetran_active as varchar) as boolean), true)
                as is_active,
            coalesce(
                {{ moment('_fivetran_start') }},
                {{ moment('system_modstamp') }},
                {{ moment('last_modified_date') }},
                {{ moment('_fivetran_synced') }},
                {{ start_of_day('_load_date') }}
            ) as updated_at,
            _load_date,
            _source_file,
            _source_row
        from {{ table }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

ranked_members as (

    select
        *,
        row_number() over (
            partition by customer_id
            order by
                updated_at desc,
                _load_date desc,
                is_active desc,
                _source_file desc,
                _source_row desc
        ) as recency
    from members

),

-- a person account and its contact are one person
only_contacts as (

    select
        account_id,
        max(customer_id) as contact_id
    from ranked_members
    where
        recency = 1
        and is_person
        and is_active
        and not is_deleted
        and account_id is not null
    group by account_id
    having count(*) filter (where customer_id <> account_id) <= 1

),

final as (

    select
        -- ids
        ranked.source_id,
        -- an account that has one contact only is that person
        coalesce(
            ranked.contact_id, placed_roles.contact_id, only_contacts.contact_id
        ) as customer_source_id,

        -- attributes
        'won' as order_status,
        ranked.currency,
        -- only an opportunity that is won is an order
        case
            when not ranked.is_won and ranked.is_closed then 'lost opportunity'
            when not ranked.is_won then 'open opportunity'
            when ranked.amount is null then 'won opportunity without an amount'
            when ranked.ordered_at is null then 'won opportunity without a close date'
        end as excluded_reason,

        -- times
        ranked.ordered_at,
        ranked.updated_at,
        case
            when ranked.is_deleted then ranked.updated_at
            when ranked.recency = 1 and not ranked.is_active
                then coalesce(ranked.ended_at, ranked.updated_at)
        end as deleted_at,

        -- landing
        ranked._load_date,
        ranked._source_file,
        ranked._source_row

    from ranked
    left join placed_roles
        on ranked.source_id = placed_roles.opportunity_id
        and placed_roles.place = 1
    left join only_contacts
        on ranked.account_id = only_contacts.account_id

)

select * from final
