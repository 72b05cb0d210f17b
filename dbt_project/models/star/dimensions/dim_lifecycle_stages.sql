with

lifecycle_stages as (

    select * from {{ ref('lifecycle_stages') }}

),

final as (

    select
        {{ surrogate_key(['lifecycle_stage']) }} as lifecycle_stage_key,
        lifecycle_stage,
        lifecycle_stage_name,
        stage_order
    from lifecycle_stages

    union all

    select
        {{ unknown_key() }} as lifecycle_stage_key,
        'unknown' as lifecycle_stage,
        'Unknown' as lifecycle_stage_name,
        null as stage_order

)

select * from final
