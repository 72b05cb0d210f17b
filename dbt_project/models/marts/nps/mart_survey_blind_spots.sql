with

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

invitations as (

    select * from {{ ref('fct_survey_invitations') }}

),

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

-- the answers of one response count once; a response that skips everything tells nothing
responses as (

    select
        survey_key,
        touchpoint_key,
        customer_key,
        system,
        response_source_id,
        answered_date

    from answers
    where not coalesce(is_skipped, false)
    group by
        survey_key,
        touchpoint_key,
        customer_key,
        system,
        response_source_id,
        answered_date

),

-- relational surveys have no journey stage
events as (

    select
        occurred_date as event_date,
        touchpoint_key,
        customer_key,
        'contact' as kind
    from interactions

    union all

    select
        invitations.sent_date as event_date,
        invitations.touchpoint_key,
        invitations.customer_key,
        'invitation' as kind
    from invitations
    inner join surveys
        on invitations.survey_key = surveys.survey_key
    where
        surveys.survey_type <> 'relational'
        and invitations.is_delivered

    union all

    select
        responses.answered_date as event_date,
        responses.touchpoint_key,
        responses.customer_key,
        'response' as kind
    from responses
    inner join surveys
        on responses.survey_key = surveys.survey_key
    where surveys.survey_type <> 'relational'

),

-- aggregate by day first, so that few rows are joined to the months
days as (

    select
        events.event_date,
        events.touchpoint_key,
        customers.segment,
        count(*) filter (where events.kind = 'contact') as contact_count,
        count(*) filter (where events.kind = 'invitation') as delivered_count,
        count(*) filter (where events.kind = 'response') as response_count

    from events
    left join customers
        on events.customer_key = customers.customer_key
    group by events.event_date, events.touchpoint_key, customers.segment

),

counted as (

    select
        periods.period_start_date as month_start_date,
        periods.is_complete,
        touchpoints.journey_stage,
        days.segment,
        sum(days.contact_count) as contact_count,
        sum(days.delivered_count) as delivered_count,
        sum(days.response_count) as response_count

    from days
    inner join periods
        on days.event_date >= periods.period_start_date
        and days.event_date < periods.observed_date
    left join touchpoints
        on days.touchpoint_key = touchpoints.touchpoint_key
    where periods.period_type = 'month'
    group by
        periods.period_start_date,
        periods.is_complete,
        touchpoints.journey_stage,
        days.segment

),

final as (

    select
        -- grain
        month_start_date,
        journey_stage,
        segment,

        -- attributes
        is_complete,
        (
            contact_count > 0
            and response_count = 0
        ) as is_blind_spot,

        -- measures
        cast(contact_count as bigint) as contact_count,
        cast(delivered_count as bigint) as delivered_count,
        cast(response_count as bigint) as response_count

    from counted

)

select * from final
