-- A failing row is an invitation that has answers and is not responded, or is responded
-- without an answer.
{{ config(meta={'dagster': {'ref': {'name': 'fct_survey_invitations'}}}) }}
with

invitations as (

    select * from {{ ref('fct_survey_invitations') }}

),

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

answered as (

    select
        survey_invitation_key,
        count(*) as answer_count
    from answers
    group by survey_invitation_key

),

final as (

    select
        invitations.survey_invitation_key,
        invitations.is_responded,
        answered.answer_count
    from invitations
    left join answered
        on invitations.survey_invitation_key = answered.survey_invitation_key
    where invitations.is_responded <> (answered.answer_count is not null)

)

select * from final
