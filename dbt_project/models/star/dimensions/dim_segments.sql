with

segments as (

    select * from {{ ref('segments') }}

),

final as (

    select
        {{ surrogate_key(['segment']) }} as segment_key,
        segment,
        segment_name
    from segments

    union all

    select
        {{ unknown_key() }} as segment_key,
        'unknown' as segment,
        'Unknown' as segment_name

)

select * from final
