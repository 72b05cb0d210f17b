with

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

invitations as (

    select * from {{ ref('fct_survey_invitations') }}

),

answers as (

    select * from {{ ref('experience_scores__answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

score_metrics as (

    select * from {{ ref('score_metrics') }}

),

-- a survey asks for the metrics that its answers have
survey_metrics as (

    select
        survey_key,
        metric as asked_metric

    from answers
    group by survey_key, metric

),

-- aggregate first, so that few rows are joined to the metrics
sent as (

    select
        invitations.survey_key,
        invitations.sent_date,
        customers.segment,
        count(*) filter (where invitations.is_delivered) as delivered_count,
        count(*) filter (where invitations.is_responded) as responded_count

    from invitations
    left join customers
        on invitations.customer_key = customers.customer_key
    group by invitations.survey_key, invitations.sent_date, customers.segment

),

in_months as (

    select
        periods.period_start_date as month_start_date,
        score_metrics.metric,
        surveys.survey_type,
        sent.segment,
        sent.delivered_count,
        sent.responded_count,
        surveys.touchpoint

    from sent
    inner join periods
        on sent.sent_date >= periods.period_start_date
        and sent.sent_date < periods.observed_date
    inner join survey_metrics
        on sent.survey_key = survey_metrics.survey_key
    inner join score_metrics
        on survey_metrics.asked_metric = score_metrics.asked_metric
    left join surveys
        on sent.survey_key = surveys.survey_key
    where periods.period_type = 'month'

),

final as (

    select
        -- grain
        month_start_date,
        metric,
        survey_type,
        touchpoint,
        segment,

        -- measures
        cast(sum(delivered_count) as bigint) as delivered_count,
        cast(sum(responded_count) as bigint) as responded_count

    from in_months
    group by month_start_date, metric, survey_type, touchpoint, segment

)

select * from final
