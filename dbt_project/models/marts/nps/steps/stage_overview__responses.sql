with

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

invitations as (

    select * from {{ ref('fct_survey_invitations') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

-- aggregate by day first, so that few rows are joined to the periods
sent as (

    select
        invitations.sent_date,
        customers.segment,
        touchpoints.journey_stage,
        count(*) filter (where invitations.is_delivered) as delivered_count,
        count(*) filter (where invitations.is_responded) as responded_count
    from invitations
    inner join surveys
        on invitations.survey_key = surveys.survey_key
    left join customers
        on invitations.customer_key = customers.customer_key
    left join touchpoints
        on invitations.touchpoint_key = touchpoints.touchpoint_key
    where surveys.survey_type = 'transactional'
    group by invitations.sent_date, customers.segment, touchpoints.journey_stage

),

final as (

    select
        -- grain
        periods.period_type,
        periods.period_start_date,
        sent.segment,
        sent.journey_stage,

        -- measures
        cast(sum(sent.delivered_count) as bigint) as delivered_count,
        cast(sum(sent.responded_count) as bigint) as responded_count

    from sent
    inner join periods
        on sent.sent_date >= periods.period_start_date
        and sent.sent_date < periods.observed_date
    group by
        periods.period_type,
        periods.period_start_date,
        sent.segment,
        sent.journey_stage

)

select * from final
