-- A failing row is a touchpoint with two versions of the journey map that are valid on the
-- same day, in journey_maps.csv: its contacts of that day would have two stages.
{{ config(meta={'dagster': {'ref': {'name': 'journey_maps'}}}) }}

with

journey_maps as (

    select * from {{ ref('journey_maps') }}

),

followed as (

    select
        touchpoint,
        map_version,
        valid_to,
        lead(map_version) over versions as next_map_version,
        lead(coalesce(valid_from, cast('0001-01-01' as date))) over versions
            as next_valid_from
    from journey_maps
    window versions as (
        partition by touchpoint
        order by valid_from nulls first, map_version
    )

)

select
    touchpoint,
    map_version,
    valid_to,
    next_map_version,
    next_valid_from
from followed
where next_valid_from < coalesce(valid_to, cast('9999-12-31' as date))
