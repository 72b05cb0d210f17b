with

journey_maps as (

    select * from {{ ref('journey_maps') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

journey_stages as (

    select * from {{ ref('dim_journey_stages') }}

),

-- without a map of its own, the deployment's touchpoints are the map
rows_of_map as (

    select
        map_version,
        touchpoint,
        journey_stage,
        is_basic,
        {{ start_of_day('valid_from') }} as valid_from,
        {{ start_of_day('valid_to') }} as valid_to
    from journey_maps

    union all

    select
        'touchpoints' as map_version,
        touchpoints.touchpoint,
        touchpoints.journey_stage,
        null as is_basic,
        null as valid_from,
        null as valid_to
    from touchpoints
    left join journey_maps
        on journey_maps.touchpoint is not null
    where
        journey_maps.touchpoint is null
        and touchpoints.touchpoint not in ('unknown', 'not_applicable')

),

final as (

    select
        -- ids
        {{ surrogate_key(['rows_of_map.map_version', 'rows_of_map.touchpoint']) }}
            as journey_map_key,
        coalesce(touchpoints.touchpoint_key, {{ unknown_key() }}) as touchpoint_key,
        coalesce(journey_stages.journey_stage_key, {{ unknown_key() }})
            as journey_stage_key,

        -- attributes
        rows_of_map.map_version,
        rows_of_map.touchpoint,
        rows_of_map.journey_stage,
        rows_of_map.is_basic,

        -- times
        coalesce(rows_of_map.valid_from, timestamp '1900-01-01 00:00:00') as valid_from,
        coalesce(rows_of_map.valid_to, timestamp '9999-12-31 00:00:00') as valid_to

    from rows_of_map
    left join touchpoints
        on rows_of_map.touchpoint = touchpoints.touchpoint
    left join journey_stages
        on rows_of_map.journey_stage = journey_stages.journey_stage

    union all

    select
        {{ unknown_key() }} as journey_map_key,
        {{ unknown_key() }} as touchpoint_key,
        {{ unknown_key() }} as journey_stage_key,
        'unknown' as map_version,
        'unknown' as touchpoint,
        'unknown' as journey_stage,
        null as is_basic,
        timestamp '1900-01-01 00:00:00' as valid_from,
        timestamp '9999-12-31 00:00:00' as valid_to

)

select * from final
