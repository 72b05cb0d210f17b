with

channels as (

    select * from {{ ref('channels') }}

),

final as (

    select
        {{ surrogate_key(['channel']) }} as channel_key,
        channel,
        channel_name,
        channel_group
    from channels

    union all

    select
        {{ unknown_key() }} as channel_key,
        'unknown' as channel,
        'Unknown' as channel_name,
        'unknown' as channel_group

    union all

    select
        {{ not_applicable_key() }} as channel_key,
        'not_applicable' as channel,
        'Not applicable' as channel_name,
        'not_applicable' as channel_group

)

select * from final
