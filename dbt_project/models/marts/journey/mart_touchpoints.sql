with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

invitations as (

    select * from {{ ref('fct_survey_invitations') }}

),

scores as (

    select * from {{ ref('experience_scores__groups') }}
    where survey_type = 'transactional'

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

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

contacts as (

    select
        {{ month_start('interactions.occurred_date') }} as month_start_date,
        touchpoints.touchpoint,
        coalesce(customers.segment, 'unknown') as segment,
        count(*) as contact_count,
        count(*) filter (
            where interactions.customer_id <> {{ unknown_key() }}
        ) as known_contact_count
    from interactions
    inner join touchpoints
        on interactions.touchpoint_key = touchpoints.touchpoint_key
    left join customers
        on interactions.customer_key = customers.customer_key
    group by
        {{ month_start('interactions.occurred_date') }},
        touchpoints.touchpoint,
        coalesce(customers.segment, 'unknown')

),

asked as (

    select
        {{ month_start('invitations.sent_date') }} as month_start_date,
        touchpoints.touchpoint,
        coalesce(customers.segment, 'unknown') as segment,
        count(*) filter (where invitations.is_delivered) as delivered_count,
        count(*) filter (where invitations.is_responded) as responded_count
    from invitations
    inner join surveys
        on invitations.survey_key = surveys.survey_key
    inner join touchpoints
        on invitations.touchpoint_key = touchpoints.touchpoint_key
    left join customers
        on invitations.customer_key = customers.customer_key
    where surveys.survey_type = 'transactional'
    group by
        {{ month_start('invitations.sent_date') }},
        touchpoints.touchpoint,
        coalesce(customers.segment, 'unknown')

),

answered as (

    select
        month_start_date,
        touchpoint,
        segment,
        sum(case when metric = 'nps' then answer_count else 0 end)
            as nps_answer_count,
        sum(case when metric = 'nps' then score_sum else 0 end)
            as nps_sum,
        sum(case when metric = 'nps' then score_square_sum else 0 end)
            as nps_square_sum,
        sum(case when metric = 'csat' then answer_count else 0 end)
            as csat_answer_count,
        sum(case when metric = 'csat' then score_sum else 0 end)
            as csat_sum,
        sum(case when metric = 'ces_mean' then answer_count else 0 end)
            as ces_answer_count,
        sum(case when metric = 'ces_mean' then score_sum else 0 end)
            as ces_sum,
        sum(case when metric = 'ces_mean' then score_square_sum else 0 end)
            as ces_square_sum
    from scores
    group by month_start_date, touchpoint, segment

),

cells as (

    select
        month_start_date,
        touchpoint,
        segment
    from contacts

    union distinct

    select
        month_start_date,
        touchpoint,
        segment
    from asked
    where delivered_count > 0

    union distinct

    select
        month_start_date,
        touchpoint,
        segment
    from answered
    where nps_answer_count + csat_answer_count + ces_answer_count > 0

),

side_by_side as (

    select
        cells.month_start_date,
        cells.touchpoint,
        cells.segment,
        touchpoints.journey_stage,
        touchpoints.touchpoint_type,
        touchpoints.owner_department,
        last_day(cells.month_start_date) < as_of.as_of_date as is_complete,
        coalesce(contacts.contact_count, 0) as contact_count,
        coalesce(contacts.known_contact_count, 0) as known_contact_count,
        coalesce(asked.delivered_count, 0) as delivered_count,
        coalesce(asked.responded_count, 0) as responded_count,
        cast(coalesce(answered.nps_answer_count, 0) as bigint) as nps_answer_count,
        cast(coalesce(answered.nps_sum, 0) as bigint) as nps_sum,
        cast(coalesce(answered.nps_square_sum, 0) as bigint) as nps_square_sum,
        cast(coalesce(answered.csat_answer_count, 0) as bigint) as csat_answer_count,
        cast(coalesce(answered.csat_sum, 0) as bigint) as csat_sum,
        cast(coalesce(answered.ces_answer_count, 0) as bigint) as ces_answer_count,
        cast(coalesce(answered.ces_sum, 0) as decimal(18, 6)) as ces_sum,
        cast(coalesce(answered.ces_square_sum, 0) as decimal(18, 6)) as ces_square_sum
    from cells
    cross join as_of
    inner join touchpoints
        on cells.touchpoint = touchpoints.touchpoint
    left join contacts
        on cells.month_start_date = contacts.month_start_date
        and cells.touchpoint = contacts.touchpoint
        and cells.segment = contacts.segment
    left join asked
        on cells.month_start_date = asked.month_start_date
        and cells.touchpoint = asked.touchpoint
        and cells.segment = asked.segment
    left join answered
        on cells.month_start_date = answered.month_start_date
        and cells.touchpoint = answered.touchpoint
        and cells.segment = answered.segment

),

with_base_status as (

    select
        *,
        {{ base_status('nps_answer_count') }} as nps_base_status,
        {{ base_status('csat_answer_count') }} as csat_base_status,
        {{ base_status('ces_answer_count') }} as ces_base_status
    from side_by_side

),

final as (

    select
        -- grain
        month_start_date,
        touchpoint,
        segment,

        -- attributes
        journey_stage,
        touchpoint_type,
        owner_department,
        is_complete,
        nps_base_status,
        csat_base_status,
        ces_base_status,

        -- measures
        contact_count,
        known_contact_count,
        {{ rate('known_contact_count', 'contact_count') }} as known_contact_rate,
        delivered_count,
        responded_count,
        {{ rate('responded_count', 'delivered_count') }} as response_rate,
        nps_answer_count,
        nps_sum,
        nps_square_sum,
        {{ where_shown(
            nps('nps_sum', 0, 'nps_answer_count'), 'decimal(7, 4)', 'nps_base_status'
        ) }} as nps,
        csat_answer_count,
        csat_sum,
        {{ where_shown(
            rate('csat_sum', 'csat_answer_count'), 'decimal(7, 6)', 'csat_base_status'
        ) }} as csat_rate,
        ces_answer_count,
        ces_sum,
        ces_square_sum,
        {{ where_shown(
            rate('ces_sum', 'ces_answer_count'), 'decimal(7, 4)', 'ces_base_status'
        ) }} as ces_mean

    from with_base_status

)

select * from final
