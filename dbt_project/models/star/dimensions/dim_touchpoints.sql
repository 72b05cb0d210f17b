with

touchpoints as (

    select * from {{ ref('touchpoints') }}

),

journey_stages as (

    select * from {{ ref('dim_journey_stages') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

final as (

    select
        -- ids
        {{ surrogate_key(['touchpoints.touchpoint']) }} as touchpoint_key,
        coalesce(journey_stages.journey_stage_key, {{ unknown_key() }})
            as journey_stage_key,
        coalesce(channels.channel_key, {{ unknown_key() }}) as channel_key,

        -- attributes
        touchpoints.touchpoint,
        touchpoints.touchpoint_name,
        touchpoints.touchpoint_type,
        touchpoints.owner_department,
        coalesce(journey_stages.journey_stage, 'unknown') as journey_stage,
        coalesce(channels.channel, 'unknown') as channel,
        journey_stages.is_post_purchase

    from touchpoints
    left join journey_stages
        on touchpoints.journey_stage = journey_stages.journey_stage
    left join channels
        on touchpoints.channel = channels.channel

    union all

    select
        {{ unknown_key() }} as touchpoint_key,
        {{ unknown_key() }} as journey_stage_key,
        {{ unknown_key() }} as channel_key,
        'unknown' as touchpoint,
        'Unknown' as touchpoint_name,
        'unknown' as touchpoint_type,
        'unknown' as owner_department,
        'unknown' as journey_stage,
        'unknown' as channel,
        null as is_post_purchase

    union all

    select
        {{ not_applicable_key() }} as touchpoint_key,
        {{ not_applicable_key() }} as journey_stage_key,
        {{ not_applicable_key() }} as channel_key,
        'not_applicable' as touchpoint,
        'Not applicable' as touchpoint_name,
        'not_applicable' as touchpoint_type,
        'not_applicable' as owner_department,
        'not_applicable' as journey_stage,
        'not_applicable' as channel,
        null as is_post_purchase

)

select * from final
