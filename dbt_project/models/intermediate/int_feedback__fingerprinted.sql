with

answers as (

    select {{ what_a_row_says() }} from {{ ref('int_survey_answers__unioned') }}

),

invitations as (

    select {{ what_a_row_says() }} from {{ ref('int_survey_invitations__unioned') }}

),

surveys as (

    select {{ what_a_row_says() }} from {{ ref('int_surveys__unioned') }}

),

orders as (

    select {{ what_a_row_says() }} from {{ ref('int_orders__unioned') }}

),

fingerprints as (

    select
        answers.system,
        answers.customer_source_id,
        {{ row_fingerprint(
            [
                'answers', 'surveys.source_id', 'surveys.survey_type',
                'surveys.touchpoint', 'invitations.source_id', 'orders.source_id'
            ]
        ) }} as fingerprint
    from answers
    left join surveys
        on answers.system = surveys.system
        and answers.survey_source_id = surveys.source_id
    left join invitations
        on answers.system = invitations.system
        and answers.invitation_source_id = invitations.source_id
    left join orders
        on answers.order_system = orders.system
        and answers.order_source_id = orders.source_id

    union all

    select
        invitations.system,
        invitations.customer_source_id,
        {{ row_fingerprint(
            [
                'invitations', 'surveys.source_id', 'surveys.survey_type',
                'surveys.touchpoint', 'orders.source_id'
            ]
        ) }} as fingerprint
    from invitations
    left join surveys
        on invitations.system = surveys.system
        and invitations.survey_source_id = surveys.source_id
    left join orders
        on invitations.order_system = orders.system
        and invitations.order_source_id = orders.source_id

    union all

    -- an answer says something of its invitation, whoever gave it
    select
        invitations.system,
        invitations.customer_source_id,
        {{ row_fingerprint(['answers.source_id', 'answers.answered_at']) }}
            as fingerprint
    from invitations
    inner join answers
        on invitations.system = answers.system
        and invitations.source_id = answers.invitation_source_id

),

final as (

    select
        -- ids
        system,
        coalesce(customer_source_id, '') as customer_source_id,

        -- attributes
        {{ group_fingerprint('fingerprint') }} as fingerprint

    from fingerprints
    group by system, coalesce(customer_source_id, '')

)

select * from final
