with

answers as (

    select * from {{ landed('question_response') }}

),

responses as (

    select * from {{ landed('survey_response') }}

),

questions as (

    select * from {{ landed('question') }}

),

options as (

    select * from {{ landed('question_option') }}

),

embedded_data as (

    select * from {{ landed('survey_embedded_data') }}

),

distributions as (

    select * from {{ landed('distribution') }}

),

distribution_contacts as (

    select * from {{ landed('distribution_contact') }}

),

-- what the deployment says about its questions
metrics as (

    select * from {{ ref('questions') }}

),

external_ids as (

    select * from {{ ref('external_ids') }}
    where system = '{{ this_system() }}'

),

ranked_responses as (

    select
        {{ record_id('id') }} as response_source_id,
        cast(survey_id as varchar) as survey_id,
        lower(trim(cast(distribution_channel as varchar))) as channel,
        lower(trim(cast(status as varchar))) as status,
        nullif(trim(cast(recipient_email as varchar)), '') as recipient_email,
        coalesce(cast(cast(finished as varchar) as boolean), false) as is_finished,
        -- of an unfinished response: when the respondent left it
        {{ moment('coalesce(end_date, recorded_date)') }} as answered_at,
        {{ moment('last_modified_date') }} as updated_at,
        row_number() over (
            partition by {{ record_id('id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency

    from responses

),

ranked_questions as (

    select
        survey_id,
        id as question_id,
        selector,
        row_number() over (
            partition by survey_id, id
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency

    from questions

),

ranked_options as (

    select
        survey_id,
        question_id,
        {{ record_id('key') }} as option_key,
        cast(recode_value as varchar) as recode_value,
        row_number() over (
            partition by survey_id, question_id, key
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency

    from options

),

ranked_distributions as (

    select
        {{ record_id('id') }} as distribution_id,
        nullif(cast(parent_distribution_id as varchar), '') as parent_distribution_id,
        lower(cast(request_type as varchar)) as request_type,
        row_number() over (
            partition by {{ record_id('id') }}
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency

    from distributions

),

-- a response to a reminder answers the invitation
invitations as (

    select
        {{ record_id('distribution_contacts.response_id') }} as response_source_id,
        min({{ record_id('distribution_contacts.contact_id') }}) as contact_id,
        min(
            case
                when ranked_distributions.request_type = 'reminder'
                    then coalesce(
                        {{ record_id('ranked_distributions.parent_distribution_id') }},
                        {{ record_id('distribution_contacts.distribution_id') }}
                    )
                else {{ record_id('distribution_contacts.distribution_id') }}
            end
            || '-' || {{ record_id('distribution_contacts.contact_id') }}
        ) as invitation_source_id

    from distribution_contacts
    left join ranked_distributions
        on
        {{ record_id('distribution_contacts.distribution_id') }}
        = ranked_distributions.distribution_id
        and ranked_distributions.recency = 1
    where nullif({{ record_id('distribution_contacts.response_id') }}, '') is not null
    group by {{ record_id('distribution_contacts.response_id') }}

),

embedded_ids as (

    select
        {{ record_id('embedded_data.response_id') }} as response_source_id,
        external_ids.entity,
        min(external_ids.refers_to) as refers_to,
        min({{ record_id('embedded_data.value') }}) as other_id,
        min(external_ids.refers_to || ':' || {{ record_id('embedded_data.value') }})
            as external_id

    from embedded_data
    inner join external_ids
        on external_ids.field = 'survey_embedded_data.' || embedded_data.key
    where nullif(trim(cast(embedded_data.value as varchar)), '') is not null
    group by {{ record_id('embedded_data.response_id') }}, external_ids.entity

),

typed as (

    select
        {{ record_key('question_response', 'answers') }} as source_id,
        {{ record_id('answers.response_id') }} as response_source_id,
        cast(answers.question_id as varchar) as question_id,
        cast(answers.question_id as varchar)
        || coalesce('_' || nullif({{ record_id('answers.sub_question_key') }}, ''), '')
            as question,
        {{ record_id('answers.question_option_key') }} as option_key,
        cast(answers.value as varchar) as delivered_value,
        ranked_responses.survey_id,
        ranked_responses.recency as response_recency,
        ranked_responses.channel as response_channel,
        ranked_responses.status as response_status,
        ranked_responses.recipient_email,
        ranked_responses.is_finished,
        ranked_responses.answered_at,
        ranked_responses.updated_at,
        answers._load_date,
        answers._source_file,
        answers._source_row

    from answers
    left join ranked_responses
        on {{ record_id('answers.response_id') }} = ranked_responses.response_source_id
        and ranked_responses.recency = 1

),

measured as (

    select
        typed.*,
        ranked_questions.selector = 'NPS'
        and metrics.metric is null
        and typed.question = typed.question_id as is_nps_question,
        metrics.metric,
        metrics.scale_min,
        metrics.scale_max,
        -- an option that was chosen stands for its recode value; other values are recoded
        nullif(
            trim(coalesce(ranked_options.recode_value, typed.delivered_value)), ''
        ) as answer

    from typed
    left join ranked_questions
        on typed.survey_id = ranked_questions.survey_id
        and typed.question_id = ranked_questions.question_id
        and ranked_questions.recency = 1
    left join ranked_options
        on typed.survey_id = ranked_options.survey_id
        and typed.question_id = ranked_options.question_id
        and typed.option_key = ranked_options.option_key
        and ranked_options.recency = 1
    left join metrics
        on typed.survey_id = metrics.survey
        and typed.question = metrics.question

),

final as (

    select
        -- ids
        measured.source_id,
        measured.response_source_id,
        invitations.invitation_source_id,
        measured.survey_id as survey_source_id,
        -- the same hash in customers.sql
        coalesce(
            invitations.contact_id,
            md5(lower(coalesce(measured.recipient_email, customer_ids.external_id)))
        ) as customer_source_id,
        order_ids.refers_to as order_system,
        order_ids.other_id as order_source_id,

        -- attributes
        -- anonymous links and QR codes may be anywhere
        case
            when measured.response_channel = 'email' then 'email'
            when measured.response_channel in ('sms', 'smsinvite', 'smsdistribution')
                then 'sms'
            when measured.response_channel = 'social' then 'social'
        end as channel,
        measured.question,
        case when measured.is_nps_question then 'nps' else measured.metric end
            as metric,
        case
            when measured.response_recency is null then 'response not delivered'
            when
                measured.response_channel in ('preview', 'test')
                or measured.response_status in (
                    '1', '2', '9', '17', 'survey preview', 'survey test',
                    'spam preview', 'offline preview'
                )
                then 'preview or test response'
            when
                measured.response_status in ('8', '12', '40', 'spam', 'possible spam')
                then 'response marked as spam'
            when
                measured.metric is null
                and not coalesce(measured.is_nps_question, false)
                then 'question without a metric'
            -- nobody knows whether the respondent saw the question
            when measured.answer is null and not measured.is_finished
                then 'unanswered in an unfinished response'
            when
                measured.answer is not null
                and {{ whole_number('measured.answer') }} is null
                then 'no whole number'
        end as excluded_reason,

        -- measures
        case when measured.is_nps_question then 0 else measured.scale_min end
            as scale_min,
        case when measured.is_nps_question then 10 else measured.scale_max end
            as scale_max,
        {{ whole_number('measured.answer') }} as answer_value,

        -- times
        measured.answered_at,
        measured.updated_at,

        -- landing
        measured._load_date,
        measured._source_file,
        measured._source_row

    from measured
    left join invitations
        on measured.response_source_id = invitations.response_source_id
    left join embedded_ids as customer_ids
        on measured.response_source_id = customer_ids.response_source_id
        and customer_ids.entity = 'customers'
    left join embedded_ids as order_ids
        on measured.response_source_id = order_ids.response_source_id
        and order_ids.entity = 'orders'

)

select * from final
