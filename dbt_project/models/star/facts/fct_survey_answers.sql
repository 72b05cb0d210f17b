with

answers as (

    select * from {{ ref('survey_answers__scored') }}

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

invitations as (

    select * from {{ ref('fct_survey_invitations') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

final as (

    select
        -- ids
        {{ surrogate_key(['answers.system', 'answers.source_id']) }}
            as survey_answer_key,
        coalesce(surveys.survey_key, {{ unknown_key() }}) as survey_key,
        coalesce(surveys.touchpoint_key, {{ unknown_key() }}) as touchpoint_key,
        coalesce(channels.channel_key, {{ unknown_key() }}) as channel_key,
        coalesce(invitations.survey_invitation_key, {{ unknown_key() }})
            as survey_invitation_key,
        coalesce(orders.order_key, {{ unknown_key() }}) as order_key,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,
        coalesce(identities.customer_id, {{ unknown_key() }}) as customer_id,
        {{ local_date('answers.answered_at') }} as answered_date,
        answers.response_source_id,
        answers.system,
        answers.source_id,

        -- attributes
        answers.question,
        answers.metric,
        answers.is_skipped,
        answers.is_valid,
        answers.nps_band,

        -- measures
        answers.scale_min,
        answers.scale_max,
        answers.answer_value,
        answers.nps_value,

        -- times
        answers.answered_at

    from answers
    left join identities
        on answers.system = identities.system
        and answers.customer_source_id = identities.source_id
    left join customers
        on identities.customer_id = customers.customer_id
        and answers.answered_at >= customers.valid_from
        and answers.answered_at < customers.valid_to
    left join surveys
        on answers.system = surveys.system
        and answers.survey_source_id = surveys.source_id
    left join channels
        on answers.channel = channels.channel
    left join invitations
        on answers.system = invitations.system
        and answers.invitation_source_id = invitations.source_id
    left join orders
        on answers.order_system = orders.system
        and answers.order_source_id = orders.source_id

)

select * from final
