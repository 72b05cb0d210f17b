with

source as (

    select * from {{ landed('activities') }}

),

final as (

    select
        -- ids
        {{ record_key('activities') }} as source_id,
        customer_id as customer_source_id,
        case when order_number is not null then 'shop' end as order_system,
        order_number as order_source_id,
        case when case_id is not null then 'crm' end as case_system,
        case_id as case_source_id,

        -- attributes
        activity_type as touchpoint,
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
