with

journey_stages as (

    select * from {{ ref('journey_stages') }}

),

final as (

    select
        {{ surrogate_key(['journey_stage']) }} as journey_stage_key,
        journey_stage,
        journey_stage_name,
        stage_order,
        is_post_purchase
    from journey_stages

    union all

    select
        {{ unknown_key() }} as journey_stage_key,
        'unknown' as journey_stage,
        'Unknown' as journey_stage_name,
        null as stage_order,
        null as is_post_purchase

    union all

    select
        {{ not_applicable_key() }} as journey_stage_key,
        'not_applicable' as journey_stage,
        'Not applicable' as journey_stage_name,
        null as stage_order,
        null as is_post_purchase

)

select * from final
