with

cases as (

    select * from {{ landed('case') }}

),

case_history as (

    select * from {{ landed('case_history') }}

),

case_status as (

    select * from {{ landed('case_status') }}

),

statuses as (

    select
        lower(cast(master_label as varchar)) as status,
        bool_or(cast(cast(is_closed as varchar) as boolean)) as is_closed
    from case_status
    group by lower(cast(master_label as varchar))

),

changes as (

    select
        nullif(substr({{ record_id('id') }}, 1, 15), '') as change_id,
        nullif(substr({{ record_id('case_id') }}, 1, 15), '') as case_id,
        lower(cast(old_value as varchar)) as old_status,
        lower(cast(new_value as varchar)) as new_status,
        max({{ moment('created_date') }}) as changed_at
    from case_history
    where
        lower(cast(field as varchar)) = 'status'
        and not coalesce(cast(cast(is_deleted as varchar) as boolean), false)
    group by
        nullif(substr({{ record_id('id') }}, 1, 15), ''),
        nullif(substr({{ record_id('case_id') }}, 1, 15), ''),
        lower(cast(old_value as varchar)),
        lower(cast(new_value as varchar))

),

-- a status that case_status does not explain is a closed one if its name says so
reopenings as (

    select
        changes.case_id,
        count(*) as reopen_count,
        max(changes.changed_at) as reopened_at
    from changes
    left join statuses as old_statuses
        on changes.old_status = old_statuses.status
    left join statuses as new_statuses
        on changes.new_status = new_statuses.status
    where
        coalesce(old_statuses.is_closed, changes.old_status like 'closed%')
        and not coalesce(new_statuses.is_closed, changes.new_status like 'closed%')
    group by changes.case_id

),

versions as (

    select
        -- ids
        nullif(substr({{ record_id('id') }}, 1, 15), '') as source_id,
        nullif(substr({{ record_id('contact_id') }}, 1, 15), '') as contact_id,
        nullif(substr({{ record_id('master_record_id') }}, 1, 15), '') as master_id,

        -- attributes
        lower(trim(cast(origin as varchar))) as origin,
        coalesce(
            nullif(cast(reason as varchar), ''), cast(type as varchar)
        ) as reason,
        coalesce(cast(cast(is_closed as varchar) as boolean), true) as is_closed,
        coalesce(cast(cast(is_deleted as varchar) as boolean), false) as is_deleted,
        coalesce(cast(cast(_fivetran_active as varchar) as boolean), true) as is_active,

        -- times
        {{ moment('created_date') }} as opened_at,
        {{ moment('closed_date') }} as closed_at,
        coalesce(
            {{ moment('_fivetran_start') }},
            {{ moment('system_modstamp') }},
            {{ moment('last_modified_date') }},
            {{ moment('_fivetran_synced') }}
        ) as updated_at,
        cast(_fivetran_end as timestamp) as ended_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from cases

),

ranked as (

    select
        *,
        row_number() over (
            partition by source_id
            order by
                updated_at desc nulls last,
                _load_date desc,
                is_active desc,
                _source_file desc,
                _source_row desc
        ) as recency
    from versions

),

final as (

    select
        -- ids
        ranked.source_id,
        ranked.contact_id as customer_source_id,

        -- attributes
        case
            when ranked.origin = 'phone' then 'phone'
            when ranked.origin in ('email', 'e-mail') then 'email'
            when ranked.origin in ('web', 'chat') then 'web'
            when ranked.origin in ('facebook', 'twitter', 'x', 'instagram', 'social')
                then 'social'
            when ranked.origin in ('sms', 'text') then 'sms'
        end as channel,
        ranked.reason,
        case when ranked.master_id is not null then 'merged into another case' end
            as excluded_reason,

        -- measures
        cast(coalesce(reopenings.reopen_count, 0) as integer) as reopen_count,

        -- times
        ranked.opened_at,
        case when ranked.is_closed then ranked.closed_at end as resolved_at,
        reopenings.reopened_at,
        ranked.updated_at,
        case
            when ranked.is_deleted
                then coalesce(ranked.updated_at, {{ start_of_day('_load_date') }})
            when ranked.recency = 1 and not ranked.is_active
                then coalesce(
                    ranked.ended_at, ranked.updated_at, {{ start_of_day('_load_date') }}
                )
        end as deleted_at,

        -- landing
        ranked._load_date,
        ranked._source_file,
        ranked._source_row

    from ranked
    left join reopenings
        on ranked.source_id = reopenings.case_id

)

select * from final
