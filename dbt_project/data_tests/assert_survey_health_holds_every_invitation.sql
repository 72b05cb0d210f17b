-- A failing row is a survey with invitations sent before the as-of date, or with uninvited
-- responses, or with questions that these show, that are missing from the mart or counted
-- twice.
{{ config(meta={'dagster': {'ref': {'name': 'mart_survey_health'}}}) }}

with

invitations as (

    select * from {{ ref('fct_survey_invitations') }}

),

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

health as (

    select * from {{ ref('mart_survey_health') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

sent as (

    select
        invitations.survey_key,
        count(*) as invited_count,
        count(*) filter (where invitations.is_responded) as responded_count

    from invitations
    inner join as_of
        on invitations.sent_date < as_of.as_of_date
    group by invitations.survey_key

),

uninvited as (

    select
        answers.survey_key,
        -- answers given together share their response
        count(distinct answers.system || '|' || answers.response_source_id)
            as response_count

    from answers
    inner join as_of
        on answers.answered_date < as_of.as_of_date
    where answers.survey_invitation_key = {{ unknown_key() }}
    group by answers.survey_key

),

-- a question counts with its invitation, and without one on the day of the response
shown as (

    select
        coalesce(invitations.survey_key, answers.survey_key) as survey_key,
        count(*) as shown_count,
        count(*) filter (where answers.is_skipped) as skipped_count

    from answers
    left join invitations
        on answers.survey_invitation_key = invitations.survey_invitation_key
    inner join as_of
        on coalesce(invitations.sent_date, answers.answered_date) < as_of.as_of_date
    group by coalesce(invitations.survey_key, answers.survey_key)

),

counted as (

    select
        survey_key,
        sum(invited_count) as invited_count,
        sum(responded_count) as responded_count,
        sum(uninvited_response_count) as uninvited_response_count,
        sum(shown_count) as shown_count,
        sum(skipped_count) as skipped_count

    from health
    group by survey_key

)

select
    counted.*,
    sent.invited_count as sent_count,
    uninvited.response_count,
    shown.shown_count as given_shown_count,
    shown.skipped_count as given_skipped_count
from counted
full join sent
    on counted.survey_key = sent.survey_key
full join uninvited
    on coalesce(counted.survey_key, sent.survey_key) = uninvited.survey_key
full join shown
    on coalesce(counted.survey_key, sent.survey_key, uninvited.survey_key)
    = shown.survey_key
where
    coalesce(counted.invited_count, 0) <> coalesce(sent.invited_count, 0)
    or coalesce(counted.responded_count, 0) <> coalesce(sent.responded_count, 0)
    or coalesce(counted.uninvited_response_count, 0)
    <> coalesce(uninvited.response_count, 0)
    or coalesce(counted.shown_count, 0) <> coalesce(shown.shown_count, 0)
    or coalesce(counted.skipped_count, 0) <> coalesce(shown.skipped_count, 0)
