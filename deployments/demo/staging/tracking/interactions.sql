with

source as (

    select * from {{ landed('events') }}

),

final as (

    select
        -- ids
        {{ record_key('events') }} as source_id,
        visitor_id as customer_source_id,
        session_id as session_source_id,
        case when order_number is not null then 'shop' end as order_system,
        order_number as order_source_id,
        case when case_id is not null then 'crm' end as case_system,
        case_id as case_source_id,

        -- attributes
        touchpoint,
        channel,

        -- times
        {{ utc('occurred_at') }} as occurred_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
