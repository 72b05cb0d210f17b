with

comments as (

    select * from {{ landed('ticket_comment') }}

),

tickets as (

    select * from {{ landed('ticket') }}

),

users as (

    select * from {{ landed('user') }}

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
        lower(trim(cast(via_channel as varchar))) as via,
        row_number() over (
            partition by {{ record_id('id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency

    from tickets

),

-- [1967] of ticket 1966: what was written in ticket 1967 is about the case 1966
merged_tickets as (

    select
        {{ numbers_in('merged_ticket_ids') }} as ticket_id,
        {{ record_id('id') }} as merged_into_id

    from tickets

),

surviving_tickets as (

    select
        ticket_id,
        min(merged_into_id) as merged_into_id
    from merged_tickets
    group by ticket_id

),

typed as (

    select
        {{ record_key('ticket_comment') }} as source_id,
        {{ record_id('user_id') }} as author_id,
        {{ record_id('ticket_id') }} as of_ticket_id,
        cast(cast(public as varchar) as boolean) as is_public,
        coalesce(cast(cast(voice_comment as varchar) as boolean), false) as is_call,
        coalesce(cast(cast(tweet as varchar) as boolean), false)
        or coalesce(cast(cast(facebook_comment as varchar) as boolean), false)
            as is_post,
        coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
            as is_deleted,
        {{ moment('created') }} as occurred_at,
        _load_date,
        _source_file,
        _source_row

    from comments

),

final as (

    select
        -- ids
        typed.source_id,
        typed.author_id as customer_source_id,
        '{{ this_system() }}' as case_system,
        coalesce(surviving_tickets.merged_into_id, typed.of_ticket_id)
            as case_source_id,

        -- attributes
        'support_ticket' as touchpoint,
        -- the same in cases.sql; a comment does not say how it came in, its ticket does
        case
            when typed.is_call then 'phone'
            when typed.is_post then 'social'
            when
                tickets.via in (
                    'web', 'web_form', 'web_widget', 'help_center', 'closed_ticket'
                )
                then 'web'
            when tickets.via = 'email' then 'email'
            when tickets.via in ('phone', 'voice') then 'phone'
            when
                tickets.via in (
                    'chat', 'native_messaging', 'chat_transcript',
                    'answer_bot_for_web_widget'
                )
                then 'chatbot'
            when tickets.via in ('sms', 'text_message') then 'sms'
            when tickets.via in ('mobile', 'mobile_sdk') then 'app'
            when
                tickets.via in (
                    'twitter', 'twitter_dm', 'twitter_favorite', 'twitter_like',
                    'facebook', 'facebook_post', 'facebook_message', 'instagram_dm',
                    'x_corp_dm', 'whatsapp', 'line'
                )
                then 'social'
        end as channel,
        -- contacts are what customers wrote: an agent's answer belongs to the contact before it
        case
            when not typed.is_public then 'internal note'
            when authors.is_agent then 'written by an agent'
            when
                authors.user_id is null
                and coalesce(typed.author_id <> tickets.requester_id, true)
                then 'author unknown'
        end as excluded_reason,

        -- times
        typed.occurred_at,
        case when typed.is_deleted then typed.occurred_at end as deleted_at,

        -- landing
        typed._load_date,
        typed._source_file,
        typed._source_row

    from typed
    left join ranked_users as authors
        on typed.author_id = authors.user_id
        and authors.recency = 1
    left join ranked_tickets as tickets
        on typed.of_ticket_id = tickets.ticket_id
        and tickets.recency = 1
    left join surviving_tickets
        on typed.of_ticket_id = surviving_tickets.ticket_id

)

select * from final
