{#- The columns that a task and an event share. -#}
{%- set columns = [
    'id', 'who_id', 'what_id', 'account_id', 'type', 'activity_date', 'created_date', 'is_recurrence', 'is_deleted',
    'last_modified_date', 'system_modstamp', '_fivetran_active', '_fivetran_start', '_fivetran_end', '_fivetran_synced'
] -%}
{%- set own = {
    'task': ['task_subtype', 'status', 'is_closed', 'completed_date_time'],
    'event': ['is_child', 'start_date_time', 'activity_date_time'],
} -%}

with

task as (

    select * from {{ landed('task') }}

),

event as (

    select * from {{ landed('event') }}

),

-- every column as text, as a file has it
delivered as (

    {% for table in own %}
        select
            '{{ table }}' as table_name,
            {% for column in columns + own.task + own.event %}
                {% set name = column if column in columns + own[table] else 'null' %}
                cast({{ name }} as varchar) as {{ column }},
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
        nullif(substr({{ record_id('who_id') }}, 1, 15), '') as person_id,
        nullif(substr({{ record_id('account_id') }}, 1, 15), '') as account_id,
        nullif(substr({{ record_id('what_id') }}, 1, 15), '') as subject_id,

        -- attributes: a task is a contact if it logs a call, an e-mail or a meeting. Its
        -- subtype comes first, because people choose the type
        case
            when lower(task_subtype) = 'call' then 'call'
            when lower(task_subtype) in ('email', 'listemail') then 'email'
            when lower(type) in ('call', 'email', 'meeting') then lower(type)
            when table_name = 'event' then 'meeting'
            else 'task'
        end as kind,
        table_name = 'event'
        or coalesce(cast(is_closed as boolean), lower(status) = 'completed', false)
            as is_done,
        coalesce(cast(is_child as boolean), false) as is_copy,
        coalesce(cast(is_recurrence as boolean), false) as is_series,
        coalesce(cast(is_deleted as boolean), false) as is_deleted,
        coalesce(cast(_fivetran_active as boolean), true) as is_active,

        -- times: a date alone is a day of the company
        coalesce(
            {{ moment('completed_date_time') }},
            {{ moment('start_date_time') }},
            {{ moment('activity_date_time') }},
            {{ utc_from_local('activity_date') }},
            {{ moment('created_date') }}
        ) as occurred_at,
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
        -- the first characters of an id say what it names: 500 is a case
        coalesce(starts_with(subject_id, '500'), false) as is_about_a_case
    from versions

),

final as (

    select
        -- ids
        source_id,
        person_id as customer_source_id,
        case when is_about_a_case then '{{ this_system() }}' end as case_system,
        case when is_about_a_case then subject_id end as case_source_id,

        -- attributes
        case when is_about_a_case then 'case_' else 'crm_' end || kind as touchpoint,
        case
            when kind = 'task' then 'internal task'
            when is_copy then 'copy of an event for another attendee'
            when is_series then 'series of a recurring activity'
            when person_id is null and account_id is null then 'no customer named'
            when not is_done then 'planned activity'
        end as excluded_reason,

        -- times
        occurred_at,
        updated_at,
        case
            when is_deleted then updated_at
            when recency = 1 and not is_active then coalesce(ended_at, updated_at)
        end as deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from ranked

)

select * from final
