with

users as (

    select * from {{ landed('user') }}

),

tickets as (

    select * from {{ landed('ticket') }}

),

changes as (

    select * from {{ landed('ticket_field_history') }}

),

external_ids as (

    select * from {{ ref('external_ids') }}
    where
        system = '{{ this_system() }}'
        and field = 'user.external_id'
        and entity = 'customers'

),

ranked_users as (

    select
        {{ record_id('id') }} as user_id,
        coalesce(role in ('agent', 'admin'), false) as is_agent,
        row_number() over (
            partition by {{ record_id('id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency

    from users

),

ranked_tickets as (

    select
        {{ record_id('id') }} as ticket_id,
        {{ record_id('requester_id') }} as requester_id,
        row_number() over (
            partition by {{ record_id('id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency

    from tickets

),

-- everybody who requested a ticket at some time
requesters as (

    select
        ticket_id,
        requester_id
    from ranked_tickets

    union

    select
        {{ record_id('ticket_id') }} as ticket_id,
        {{ record_id('value') }} as requester_id
    from changes
    where field_name = 'requester_id'

),

-- Zendesk does not say which users were merged. It deactivates the duplicate and moves
-- all its tickets to one other user.
moved as (

    select
        requesters.requester_id as user_id,
        min(latest.requester_id) as merged_into_id

    from requesters
    inner join ranked_tickets as latest
        on requesters.ticket_id = latest.ticket_id
        and latest.recency = 1
    group by requesters.requester_id
    having
        count(distinct latest.requester_id) = 1
        and min(latest.requester_id) <> requesters.requester_id

),

merged_users as (

    select
        moved.user_id,
        moved.merged_into_id

    from moved
    inner join ranked_users
        on moved.merged_into_id = ranked_users.user_id
        and ranked_users.recency = 1
    where not ranked_users.is_agent

),

typed as (

    select
        {{ record_key('user') }} as source_id,
        cast(external_id as varchar) as external_id,
        cast(email as varchar) as email,
        cast(phone as varchar) as phone,
        cast(locale as varchar) as user_locale,
        cast(role as varchar) as user_role,
        {{ moment('created_at') }} as registered_at,
        {{ moment('updated_at') }} as updated_at,
        _load_date,
        _source_file,
        _source_row,
        case
            when cast(cast(_fivetran_deleted as varchar) as boolean) then true
            when cast(cast(active as varchar) as boolean) then false
            else active is not null
        end as is_deleted

    from users

),

final as (

    select
        -- ids
        typed.source_id,
        case
            when typed.is_deleted and merged_users.merged_into_id is not null
                then '{{ this_system() }}:' || merged_users.merged_into_id
            when typed.external_id like '%:%' then typed.external_id
            when external_ids.refers_to is not null
                then
                    external_ids.refers_to
                    || ':' || {{ record_id('typed.external_id') }}
        end as external_id,

        -- attributes
        trim(typed.email) as email,
        typed.phone,
        -- en-US is English
        lower(split_part(typed.user_locale, '-', 1)) as language,
        case when typed.user_role in ('agent', 'admin') then 'agent' end
            as excluded_reason,

        -- times
        typed.registered_at,
        typed.updated_at,
        case
            when typed.is_deleted then coalesce(typed.updated_at, typed.registered_at)
        end as deleted_at,

        -- landing
        typed._load_date,
        typed._source_file,
        typed._source_row

    from typed
    left join merged_users
        on typed.source_id = merged_users.user_id
    left join external_ids
        on typed.external_id is not null

)

select * from final
