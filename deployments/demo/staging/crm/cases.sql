with

source as (

    select * from {{ landed('cases') }}

),

final as (

    select
        -- ids
        {{ record_key('cases') }} as source_id,
        customer_id as customer_source_id,
        case when order_number is not null then 'shop' end as order_system,
        order_number as order_source_id,

        -- attributes
        channel,
        touchpoint,
        reason,

        -- measures
        cast(reopen_count as integer) as reopen_count,
        -- a case is handed over once at most
        case when handed_over_at is null then 0 else 1 end as handover_count,

        -- times
        {{ utc('opened_at') }} as opened_at,
        {{ utc('first_response_at') }} as first_response_at,
        {{ utc('resolved_at') }} as resolved_at,
        {{ utc('reopened_at') }} as reopened_at,
        {{ utc('updated_at') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
