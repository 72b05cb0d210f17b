with

ticket as (

    select * from {{ landed('ticket') }}

),

ticket_contact as (

    select * from {{ landed('ticket_contact') }}

),

ticket_pipeline_stage as (

    select * from {{ landed('ticket_pipeline_stage') }}

),

ticket_property_history as (

    select * from {{ landed('ticket_property_history') }}

),

ranked_contacts as (

    select
        {{ record_id('ticket_id') }} as ticket_id,
        {{ record_id('contact_id') }} as contact_id,
        coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
            as is_deleted,
        row_number() over (
            partition by {{ record_id('ticket_id') }}, {{ record_id('contact_id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency
    from ticket_contact

),

-- of several contacts of a ticket the first that was created: ids rise
placed_contacts as (

    select
        ticket_id,
        contact_id,
        row_number() over (
            partition by ticket_id
            order by length(contact_id), contact_id
        ) as place
    from ranked_contacts
    where
        recency = 1
        and not is_deleted

),

ranked_stages as (

    select
        {{ record_id('stage_id') }} as stage_id,
        coalesce(
            upper(cast(ticket_state as varchar)) = 'CLOSED',
            cast(cast(is_closed as varchar) as boolean)
        ) as is_closed,
        row_number() over (
            partition by {{ record_key('ticket_pipeline_stage') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency
    from ticket_pipeline_stage

),

stages as (

    select
        stage_id,
        bool_or(is_closed) as is_closed
    from ranked_stages
    where recency = 1
    group by stage_id

),

delivered_changes as (

    select
        {{ record_id('ticket_id') }} as ticket_id,
        {{ record_id('"value"') }} as stage_id,
        coalesce(
            {{ moment('timestamp_instant') }},
            {{ moment('"timestamp"') }},
            {{ moment('_fivetran_start') }}
        ) as changed_at
    from ticket_property_history
    where name = 'hs_pipeline_stage'

),

-- a change is delivered again when the next one ends it
changes as (

    select
        ticket_id,
        stage_id,
        changed_at
    from delivered_changes
    group by ticket_id, stage_id, changed_at

),

followed_changes as (

    select
        changes.ticket_id,
        changes.changed_at,
        stages.is_closed,
        lag(stages.is_closed) over (
            partition by changes.ticket_id
            order by changes.changed_at, changes.stage_id
        ) as was_closed
    from changes
    left join stages
        on changes.stage_id = stages.stage_id

),

reopenings as (

    select
        ticket_id,
        count(*) as reopen_count,
        max(changed_at) as reopened_at
    from followed_changes
    where
        was_closed
        and not is_closed
    group by ticket_id

),

tickets as (

    select
        -- ids
        {{ record_key('ticket') }} as source_id,
        {{ record_id('property_hs_pipeline_stage') }} as stage_id,

        -- attributes
        upper(cast(property_source_type as varchar)) as source_type,
        cast(property_hs_ticket_category as varchar) as reason,
        coalesce(cast(cast(is_deleted as varchar) as boolean), false)
        or coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
            as is_deleted,

        -- times
        {{ moment('property_createdate') }} as opened_at,
        {{ moment('property_first_agent_reply_date') }} as first_response_at,
        {{ moment('property_closed_date') }} as closed_at,
        coalesce(
            {{ moment('property_hs_lastmodifieddate') }},
            {{ moment('_fivetran_synced') }}
        ) as updated_at,
        coalesce(
            {{ moment('_fivetran_synced') }}, {{ start_of_day('_load_date') }}
        ) as seen_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from ticket

),

final as (

    select
        -- ids
        tickets.source_id,
        placed_contacts.contact_id as customer_source_id,

        -- attributes
        case tickets.source_type
            when 'EMAIL' then 'email'
            when 'PHONE' then 'phone'
            when 'CHAT' then 'web'
            when 'FORM' then 'web'
        end as channel,
        tickets.reason,

        -- measures
        cast(coalesce(reopenings.reopen_count, 0) as integer) as reopen_count,

        -- times
        tickets.opened_at,
        tickets.first_response_at,
        -- a ticket in an open stage is open, also with the date of an earlier closing
        case when coalesce(stages.is_closed, true) then tickets.closed_at end
            as resolved_at,
        reopenings.reopened_at,
        tickets.updated_at,
        case when tickets.is_deleted then tickets.seen_at end as deleted_at,

        -- landing
        tickets._load_date,
        tickets._source_file,
        tickets._source_row

    from tickets
    left join placed_contacts
        on tickets.source_id = placed_contacts.ticket_id
        and placed_contacts.place = 1
    left join stages
        on tickets.stage_id = stages.stage_id
    left join reopenings
        on tickets.source_id = reopenings.ticket_id

)

select * from final
