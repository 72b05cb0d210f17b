-- A failing row is a dimension in which the unknown member is missing or exists more
-- than once.
{{ config(meta={'dagster': {'ref': {'name': 'dim_customers'}}}) }}
{% set keys = {
    'dim_channels': 'channel_key',
    'dim_customers': 'customer_key',
    'dim_current_customers': 'customer_id',
    'dim_journey_maps': 'journey_map_key',
    'dim_journey_stages': 'journey_stage_key',
    'dim_lifecycle_stages': 'lifecycle_stage_key',
    'dim_products': 'product_key',
    'dim_segments': 'segment_key',
    'dim_surveys': 'survey_key',
    'dim_touchpoints': 'touchpoint_key',
} -%}
with

unknown_members as (
    {% for dimension, key in keys.items() %}
        select
            '{{ dimension }}' as dimension,
            count(*) as member_count
        from {{ ref(dimension) }}
        where {{ key }} = {{ unknown_key() }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

final as (

    select * from unknown_members
    where member_count <> 1

)

select * from final
