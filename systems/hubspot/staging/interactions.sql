{#- What each kind of engagement is called, and why one of its kind was no contact with a customer. -#}
{%- set kinds = {
    'engagement_call': ('call', "case
            when upper(cast(property_hs_call_status as varchar)) <> 'COMPLETED' then 'customer not reached'
            -- HubSpot's own outcomes: busy, no answer, wrong number
            when lower(cast(property_hs_call_disposition as varchar)) in (
                '9d9162e7-6cf3-4944-bf63-4dff82258764',
                '73a0d17f-1163-4015-bdd5-ec830791da20',
                '17b47fee-58de-441e-a44c-c6300d46f273'
            ) then 'customer not reached'
        end"),
    'engagement_email': ('email', "case
            when upper(cast(property_hs_email_status as varchar)) in ('BOUNCED', 'FAILED', 'SCHEDULED', 'SENDING')
                then 'e-mail not delivered'
        end"),
    'engagement_meeting': ('meeting', "case
            when upper(cast(property_hs_meeting_outcome as varchar)) in ('CANCELED', 'NO_SHOW', 'RESCHEDULED')
                then 'meeting that did not take place'
        end"),
    'engagement_communication': ('message', "cast(null as varchar)"),
    'engagement_note': ('note', "'internal note'"),
    'engagement_task': ('task', "'internal task'"),
} -%}

with

{% for table in kinds %}
    {{ table }} as (

        select * from {{ landed(table) }}

    ),

{% endfor %}
engagement_contact as (

    select * from {{ landed('engagement_contact') }}

),

ticket_engagement as (

    select * from {{ landed('ticket_engagement') }}

),

contact_form_submission as (

    select * from {{ landed('contact_form_submission') }}

),

engagements as (

    {% for table, (kind, excluded_reason) in kinds.items() %}
        select
            -- ids
            {{ record_key(table) }} as engagement_id,

            -- attributes
            '{{ kind }}' as kind,
            {% if kind == 'message' %}
                case upper(cast(property_hs_communication_channel_type as varchar))
                    when 'SMS' then 'sms'
                end as channel,
            {% else %}
                cast(null as varchar) as channel,
            {% endif %}
            {{ excluded_reason }} as excluded_reason,

            -- times
            coalesce(
                {% if kind == 'meeting' %}
                    {{ moment('property_hs_meeting_start_time') }},
                {% endif %}
                {{ moment('property_hs_timestamp') }},
                {{ moment('property_hs_createdate') }}
            ) as occurred_at,
            coalesce(
                {{ moment('property_hs_lastmodifieddate') }},
                {{ moment('_fivetran_synced') }}
            ) as updated_at,
            case
                when cast(cast(_fivetran_deleted as varchar) as boolean)
                    then coalesce(
                        {{ moment('_fivetran_synced') }},
                        {{ start_of_day('_load_date') }}
                    )
            end as deleted_at,

            -- landing
            _load_date,
            _source_file,
            _source_row

        from {{ table }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

ranked_contacts as (

    select
        {{ record_id('engagement_id') }} as engagement_id,
        {{ record_id('contact_id') }} as contact_id,
        coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
            as is_deleted,
        row_number() over (
            partition by
                {{ record_id('engagement_id') }}, {{ record_id('contact_id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency
    from engagement_contact

),

placed_contacts as (

    select
        engagement_id,
        contact_id,
        row_number() over (
            partition by engagement_id
            order by length(contact_id), contact_id
        ) as place
    from ranked_contacts
    where
        recency = 1
        and not is_deleted

),

ranked_tickets as (

    select
        {{ record_id('engagement_id') }} as engagement_id,
        {{ record_id('ticket_id') }} as ticket_id,
        coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
            as is_deleted,
        row_number() over (
            partition by {{ record_id('engagement_id') }}, {{ record_id('ticket_id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency
    from ticket_engagement

),

placed_tickets as (

    select
        engagement_id,
        ticket_id,
        row_number() over (
            partition by engagement_id
            order by length(ticket_id), ticket_id
        ) as place
    from ranked_tickets
    where
        recency = 1
        and not is_deleted

),

-- an engagement is a contact with each of its customers. The first one has its id, and
-- its ticket: else a call with two people would count twice for the case
final as (

    select
        -- ids
        case
            when coalesce(placed_contacts.place, 1) = 1 then engagements.engagement_id
            else engagements.engagement_id || '-' || placed_contacts.contact_id
        end as source_id,
        placed_contacts.contact_id as customer_source_id,
        case
            when
                placed_tickets.ticket_id is not null
                and coalesce(placed_contacts.place, 1) = 1
                then '{{ this_system() }}'
        end as case_system,
        case
            when coalesce(placed_contacts.place, 1) = 1 then placed_tickets.ticket_id
        end as case_source_id,

        -- attributes
        case when placed_tickets.ticket_id is null then 'crm_' else 'case_' end
        || engagements.kind as touchpoint,
        engagements.channel,
        engagements.excluded_reason,

        -- times
        engagements.occurred_at,
        engagements.updated_at,
        engagements.deleted_at,

        -- landing
        engagements._load_date,
        engagements._source_file,
        engagements._source_row

    from engagements
    left join placed_contacts
        on engagements.engagement_id = placed_contacts.engagement_id
    left join placed_tickets
        on engagements.engagement_id = placed_tickets.engagement_id
        and placed_tickets.place = 1
    where
        coalesce(placed_contacts.place, 1) = 1
        or engagements.excluded_reason is null

    union all

    select
        -- ids
        'form-' || {{ record_key('contact_form_submission') }} as source_id,
        {{ record_id('contact_id') }} as customer_source_id,
        cast(null as varchar) as case_system,
        cast(null as varchar) as case_source_id,

        -- attributes
        'crm_form' as touchpoint,
        cast(null as varchar) as channel,
        cast(null as varchar) as excluded_reason,

        -- times
        {{ moment('"timestamp"') }} as occurred_at,
        {{ moment('_fivetran_synced') }} as updated_at,
        cast(null as timestamp) as deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from contact_form_submission

)

select * from final
