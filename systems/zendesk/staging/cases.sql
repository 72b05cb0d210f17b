with

tickets as (

    select * from {{ landed('ticket') }}

),

changes as (

    select * from {{ landed('ticket_field_history') }}

),

comments as (

    select * from {{ landed('ticket_comment') }}

),

tags as (

    select * from {{ landed('ticket_tag') }}

),

users as (

    select * from {{ landed('user') }}

),

external_ids as (

    select * from {{ ref('external_ids') }}
    where
        system = '{{ this_system() }}'
        and field = 'ticket.external_id'
        and entity = 'orders'

),

ranked_users as (

    select
        {{ record_id('id') }} as user_id,
        role in ('agent', 'admin') as is_agent,
        row_number() over (
            partition by {{ record_id('id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency

    from users

),

agents as (

    select user_id
    from ranked_users
    where
        recency = 1
        and is_agent

),

-- a change that is delivered again is the same change
status_changes as (

    select
        {{ record_id('ticket_id') }} as ticket_id,
        {{ moment('updated') }} as changed_at,
        lower(trim(cast(value as varchar))) as status

    from changes
    where field_name = 'status'
    group by
        {{ record_id('ticket_id') }},
        {{ moment('updated') }},
        lower(trim(cast(value as varchar)))

),

followed as (

    select
        *,
        lag(status) over (
            partition by ticket_id
            order by changed_at, status
        ) as previous_status

    from status_changes

),

-- closed follows solved by itself after some days; it is a resolution of its own only
-- where the ticket was never solved
resolutions as (

    select
        ticket_id,
        max(
            case
                when
                    status in ('solved', 'closed')
                    and coalesce(previous_status not in ('solved', 'closed'), true)
                    then changed_at
            end
        ) as resolved_at,
        max(
            case
                when
                    previous_status = 'solved'
                    and status not in ('solved', 'closed', 'deleted')
                    then changed_at
            end
        ) as reopened_at,
        count(*) filter (
            where
            previous_status = 'solved'
            and status not in ('solved', 'closed', 'deleted')
        ) as reopen_count

    from followed
    group by ticket_id

),

-- from one group to another; the first group of a ticket is no hand-off
group_changes as (

    select
        {{ record_id('ticket_id') }} as ticket_id,
        {{ moment('updated') }} as changed_at,
        {{ reference_id('value') }} as group_id

    from changes
    where field_name = 'group_id'
    group by
        {{ record_id('ticket_id') }},
        {{ moment('updated') }},
        {{ reference_id('value') }}

),

groups_followed as (

    select
        ticket_id,
        group_id,
        lag(group_id) over (
            partition by ticket_id
            order by changed_at, group_id
        ) as previous_group_id

    from group_changes
    where group_id is not null

),

handovers as (

    select
        ticket_id,
        count(*) filter (where group_id <> previous_group_id) as handover_count

    from groups_followed
    group by ticket_id

),

-- the opening comment of an agent is no answer: it has the time of the ticket
answers as (

    select
        {{ record_id('comments.ticket_id') }} as ticket_id,
        {{ moment('comments.created') }} as answered_at

    from comments
    inner join agents
        on {{ record_id('comments.user_id') }} = agents.user_id
    where cast(cast(comments.public as varchar) as boolean)

),

ticket_times as (

    select
        {{ record_id('id') }} as ticket_id,
        min({{ moment('created_at') }}) as opened_at

    from tickets
    group by {{ record_id('id') }}

),

first_answers as (

    select
        answers.ticket_id,
        min(answers.answered_at) as first_response_at

    from answers
    inner join ticket_times
        on answers.ticket_id = ticket_times.ticket_id
        and answers.answered_at > ticket_times.opened_at
    group by answers.ticket_id

),

-- [1967] of ticket 1966: ticket 1967 was merged into it
merged_tickets as (

    select {{ numbers_in('merged_ticket_ids') }} as ticket_id

    from tickets

    union

    select {{ record_id('ticket_id') }} as ticket_id
    from tags
    where tag = 'closed_by_merge'

),

typed as (

    select
        {{ record_key('ticket') }} as source_id,
        {{ record_id('requester_id') }} as customer_source_id,
        lower(trim(cast(status as varchar))) as ticket_status,
        coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
            as is_deleted_row,
        lower(trim(cast(via_channel as varchar))) as via,
        lower(cast(type as varchar)) as reason,
        nullif({{ record_id('external_id') }}, '') as external_id,
        {{ moment('created_at') }} as opened_at,
        {{ moment('updated_at') }} as changed_at,
        _load_date,
        _source_file,
        _source_row

    from tickets

),

final as (

    select
        -- ids
        typed.source_id,
        typed.customer_source_id,
        external_ids.refers_to as order_system,
        case when external_ids.refers_to is not null then typed.external_id end
            as order_source_id,

        -- attributes
        -- the same in interactions.sql; other channels are unknown
        case
            when
                typed.via in (
                    'web', 'web_form', 'web_widget', 'help_center', 'closed_ticket'
                )
                then 'web'
            when typed.via = 'email' then 'email'
            when typed.via in ('phone', 'voice') then 'phone'
            when
                typed.via in (
                    'chat', 'native_messaging', 'chat_transcript',
                    'answer_bot_for_web_widget'
                )
                then 'chatbot'
            when typed.via in ('sms', 'text_message') then 'sms'
            when typed.via in ('mobile', 'mobile_sdk') then 'app'
            when
                typed.via in (
                    'twitter', 'twitter_dm', 'twitter_favorite', 'twitter_like',
                    'facebook', 'facebook_post', 'facebook_message', 'instagram_dm',
                    'x_corp_dm', 'whatsapp', 'line'
                )
                then 'social'
        end as channel,
        'support_ticket' as touchpoint,
        typed.reason,
        case
            when merged_tickets.ticket_id is not null then 'merged into another ticket'
            when typed.via = 'sample_ticket' then 'sample ticket'
            when agents.user_id is not null then 'requested by an agent'
        end as excluded_reason,

        -- measures
        cast(coalesce(resolutions.reopen_count, 0) as integer) as reopen_count,
        cast(coalesce(handovers.handover_count, 0) as integer) as handover_count,

        -- times
        typed.opened_at,
        first_answers.first_response_at,
        -- without history the time of the last change: not earlier than the resolution
        case
            when typed.ticket_status in ('solved', 'closed')
                then coalesce(resolutions.resolved_at, typed.changed_at)
        end as resolved_at,
        resolutions.reopened_at,
        typed.changed_at as updated_at,
        case
            when typed.ticket_status = 'deleted' or typed.is_deleted_row
                then typed.changed_at
        end as deleted_at,

        -- landing
        typed._load_date,
        typed._source_file,
        typed._source_row

    from typed
    left join resolutions
        on typed.source_id = resolutions.ticket_id
    left join handovers
        on typed.source_id = handovers.ticket_id
    left join first_answers
        on typed.source_id = first_answers.ticket_id
    left join merged_tickets
        on typed.source_id = merged_tickets.ticket_id
    left join agents
        on typed.customer_source_id = agents.user_id
    left join external_ids
        on typed.external_id is not null

)

select * from final
