with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

counted as (

    select
        interactions.customer_id,
        min(interactions.occurred_date) as first_contact_date,
        max(interactions.occurred_at) as last_contact_at,
        count(*) as contact_count,
        count(*) filter (
            where interactions.occurred_date < as_of.as_of_date
            and interactions.occurred_date >= as_of.as_of_date - 90
        ) as contact_count_90_days

    from interactions
    cross join as_of
    group by interactions.customer_id

),

-- rank only the contacts at the last contact time of each customer
ranked as (

    select
        interactions.*,
        row_number() over (
            partition by interactions.customer_id
            order by interactions.interaction_key desc
        ) as recency

    from interactions
    inner join counted
        on interactions.customer_id = counted.customer_id
        and interactions.occurred_at = counted.last_contact_at

),

final as (

    select
        -- ids
        counted.customer_id,

        -- attributes
        channels.channel as last_contact_channel,
        touchpoints.touchpoint as last_contact_touchpoint,
        touchpoints.journey_stage as last_contact_journey_stage,

        -- measures
        counted.contact_count,
        counted.contact_count_90_days,

        -- times
        counted.first_contact_date,
        counted.last_contact_at

    from counted
    inner join ranked
        on counted.customer_id = ranked.customer_id
        and ranked.recency = 1
    left join channels
        on ranked.channel_key = channels.channel_key
    left join touchpoints
        on ranked.touchpoint_key = touchpoints.touchpoint_key

)

select * from final
