with

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

invitations as (

    select * from {{ ref('fct_survey_invitations') }}

),

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

months as (

    select
        period_start_date as month_start_date,
        observed_date,
        is_complete

    from periods
    where period_type = 'month'

),

-- over all surveys: invitations to two surveys are two invitations
repeats as (

    select
        *,
        case
            when customer_id <> {{ unknown_key() }} then lag(sent_date) over (
                partition by customer_id
                order by sent_at, survey_invitation_key
            )
        end as previous_sent_date

    from invitations

),

shown as (

    select
        survey_invitation_key,
        count(*) as shown_count,
        count(*) filter (where is_skipped) as skipped_count

    from answers
    where survey_invitation_key <> {{ unknown_key() }}
    group by survey_invitation_key

),

invited as (

    select
        repeats.survey_key,
        customers.segment,
        months.month_start_date,
        count(*) as invited_count,
        count(*) filter (where repeats.is_delivered) as delivered_count,
        count(*) filter (where repeats.is_responded) as responded_count,
        count(*) filter (
            where repeats.customer_id <> {{ unknown_key() }}
        ) as ask_count,
        count(distinct repeats.customer_id) filter (
            where repeats.customer_id <> {{ unknown_key() }}
        ) as asked_customer_count,
        count(*) filter (
            where
            {{ days_between('repeats.previous_sent_date', 'repeats.sent_date') }}
            <= {{ var('repeat_ask_days') }}
        ) as repeat_ask_count,
        sum(shown.shown_count) as shown_count,
        sum(shown.skipped_count) as skipped_count

    from repeats
    left join shown
        on repeats.survey_invitation_key = shown.survey_invitation_key
    inner join months
        on {{ month_start('repeats.sent_date') }} = months.month_start_date
        and repeats.sent_date < months.observed_date
    left join customers
        on repeats.customer_key = customers.customer_key
    group by repeats.survey_key, customers.segment, months.month_start_date

),

-- the answers of one response count once
responses as (

    select
        survey_key,
        customer_key,
        system,
        response_source_id,
        answered_date,
        count(*) as shown_count,
        count(*) filter (where is_skipped) as skipped_count

    from answers
    where survey_invitation_key = {{ unknown_key() }}
    group by
        survey_key,
        customer_key,
        system,
        response_source_id,
        answered_date

),

uninvited_responses as (

    select
        responses.survey_key,
        customers.segment,
        months.month_start_date,
        count(*) as uninvited_response_count,
        sum(responses.shown_count) as shown_count,
        sum(responses.skipped_count) as skipped_count

    from responses
    inner join months
        on {{ month_start('responses.answered_date') }} = months.month_start_date
        and responses.answered_date < months.observed_date
    left join customers
        on responses.customer_key = customers.customer_key
    group by responses.survey_key, customers.segment, months.month_start_date

),

groups as (

    select
        coalesce(invited.month_start_date, uninvited_responses.month_start_date)
            as month_start_date,
        coalesce(invited.survey_key, uninvited_responses.survey_key) as survey_key,
        coalesce(invited.segment, uninvited_responses.segment) as segment,
        coalesce(invited.invited_count, 0) as invited_count,
        coalesce(invited.delivered_count, 0) as delivered_count,
        coalesce(invited.responded_count, 0) as responded_count,
        coalesce(invited.ask_count, 0) as ask_count,
        coalesce(invited.asked_customer_count, 0) as asked_customer_count,
        coalesce(invited.repeat_ask_count, 0) as repeat_ask_count,
        coalesce(uninvited_responses.uninvited_response_count, 0)
            as uninvited_response_count,
        coalesce(invited.shown_count, 0) + coalesce(uninvited_responses.shown_count, 0)
            as shown_count,
        coalesce(invited.skipped_count, 0)
        + coalesce(uninvited_responses.skipped_count, 0) as skipped_count

    from invited
    full join uninvited_responses
        on invited.survey_key = uninvited_responses.survey_key
        and invited.segment = uninvited_responses.segment
        and invited.month_start_date = uninvited_responses.month_start_date

),

final as (

    select
        -- grain
        groups.month_start_date,
        groups.survey_key,
        groups.segment,

        -- attributes
        surveys.survey_name,
        surveys.survey_type,
        months.is_complete,

        -- measures
        cast(groups.invited_count as bigint) as invited_count,
        cast(groups.delivered_count as bigint) as delivered_count,
        cast(groups.responded_count as bigint) as responded_count,
        cast(groups.uninvited_response_count as bigint) as uninvited_response_count,
        cast(groups.shown_count as bigint) as shown_count,
        cast(groups.skipped_count as bigint) as skipped_count,
        cast(groups.ask_count as bigint) as ask_count,
        cast(groups.asked_customer_count as bigint) as asked_customer_count,
        cast(groups.repeat_ask_count as bigint) as repeat_ask_count,
        {{ rate('groups.responded_count', 'groups.delivered_count') }} as response_rate,
        {{ rate('groups.ask_count', 'groups.asked_customer_count') }}
            as asks_per_customer,
        {{ rate('groups.skipped_count', 'groups.shown_count') }} as skip_rate,
        {{ rate('groups.repeat_ask_count', 'groups.ask_count') }} as repeat_ask_rate

    from groups
    inner join months
        on groups.month_start_date = months.month_start_date
    left join surveys
        on groups.survey_key = surveys.survey_key

)

select * from final
