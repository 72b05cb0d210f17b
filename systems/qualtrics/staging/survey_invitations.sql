with

invitations as (

    select * from {{ landed('distribution_contact') }}

),

distributions as (

    select * from {{ landed('distribution') }}

),

questions as (

    select * from {{ landed('question') }}

),

metrics as (

    select * from {{ ref('questions') }}

),

ranked_distributions as (

    select
        {{ record_id('id') }} as distribution_id,
        cast(survey_link_survey_id as varchar) as survey_id,
        lower(cast(request_type as varchar)) as request_type,
        row_number() over (
            partition by {{ record_id('id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency

    from distributions

),

-- surveys whose answers are in a score
measured_surveys as (

    select cast(survey_id as varchar) as survey_id
    from questions
    where selector = 'NPS'

    union

    select survey as survey_id
    from metrics
    where metric is not null

),

typed as (

    select
        {{ record_key('distribution_contact', 'invitations') }} as source_id,
        -- the link names the survey, also where the distribution is not delivered
        coalesce(
            ranked_distributions.survey_id,
            {{ part_of_text('invitations.survey_link', 'SV_[0-9A-Za-z]+') }}
        ) as survey_id,
        {{ record_id('invitations.contact_id') }} as contact_id,
        coalesce(ranked_distributions.request_type, 'invite') as request_type,
        lower({{ part_of_text('invitations.survey_link', 'Q_CHL=([a-zA-Z]+)', 1) }})
            as link_channel,
        lower(trim(cast(invitations.status as varchar))) as status,
        {{ moment('invitations.sent_at') }} as sent_at,
        {{ moment('invitations.opened_at') }} as opened_at,
        invitations._load_date,
        invitations._source_file,
        invitations._source_row

    from invitations
    left join ranked_distributions
        on
        {{ record_id('invitations.distribution_id') }}
        = ranked_distributions.distribution_id
        and ranked_distributions.recency = 1

),

final as (

    select
        -- ids
        typed.source_id,
        typed.survey_id as survey_source_id,
        typed.contact_id as customer_source_id,

        -- attributes
        case
            when typed.link_channel = 'email' then 'email'
            when typed.link_channel in ('sms', 'smsinvite') then 'sms'
            when typed.link_channel = 'social' then 'social'
        end as channel,
        case
            when typed.request_type = 'reminder' then 'reminder'
            when typed.request_type in ('thankyou', 'thank you')
                then 'thank-you message'
            when typed.request_type = 'testemail' then 'test message'
            when
                typed.sent_at is null
                or typed.status in ('skipped', 'blocked')
                or (
                    typed.status = 'pending'
                    and typed.request_type <> 'generatedinvite'
                )
                then 'not sent'
            -- its responses are in no score: every invitation would count as unanswered
            when measured_surveys.survey_id is null then 'survey without a metric'
        end as excluded_reason,

        -- times
        typed.sent_at,
        case
            -- a personal link is sent by the company itself: it arrived where it was opened
            when typed.request_type = 'generatedinvite' then typed.opened_at
            when typed.status in ('error', 'failure', 'softbounce', 'hardbounce')
                then null
            else typed.sent_at
        end as delivered_at,

        -- landing
        typed._load_date,
        typed._source_file,
        typed._source_row

    from typed
    left join measured_surveys
        on typed.survey_id = measured_surveys.survey_id

)

select * from final
