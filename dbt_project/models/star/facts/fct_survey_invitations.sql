with

invitations as (

    select * from {{ ref('int_survey_invitations__unioned') }}

),

answers as (

    select * from {{ ref('int_survey_answers__unioned') }}

),

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

responses as (

    select
        system,
        invitation_source_id,
        min(answered_at) as responded_at
    from answers
    where invitation_source_id is not null
    group by system, invitation_source_id

),

final as (

    select
        -- ids
        {{ surrogate_key(['invitations.system', 'invitations.source_id']) }}
            as survey_invitation_key,
        coalesce(surveys.survey_key, {{ unknown_key() }}) as survey_key,
        coalesce(surveys.touchpoint_key, {{ unknown_key() }}) as touchpoint_key,
        coalesce(channels.channel_key, {{ unknown_key() }}) as channel_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(identities.customer_id, {{ unknown_key() }}) as customer_id,
        coalesce(orders.order_key, {{ unknown_key() }}) as order_key,
        {{ local_date('invitations.sent_at') }} as sent_date,
        invitations.system,
        invitations.source_id,

        -- attributes
        (
            invitations.delivered_at is not null
            or responses.responded_at is not null
        ) as is_delivered,
        responses.responded_at is not null as is_responded,

        -- times
        invitations.sent_at,
        invitations.delivered_at,
        responses.responded_at

    from invitations
    left join responses
        on invitations.system = responses.system
        and invitations.source_id = responses.invitation_source_id
    left join identities
        on invitations.system = identities.system
        and invitations.customer_source_id = identities.source_id
    left join customers
        on identities.customer_id = customers.customer_id
        and invitations.sent_at >= customers.valid_from
        and invitations.sent_at < customers.valid_to
    left join surveys
        on invitations.system = surveys.system
        and invitations.survey_source_id = surveys.source_id
    left join channels
        on invitations.channel = channels.channel
    left join orders
        on invitations.order_system = orders.system
        and invitations.order_source_id = orders.source_id

)

select * from final
