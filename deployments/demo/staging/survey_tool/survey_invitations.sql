with

source as (

    select * from {{ landed('invitations') }}

),

final as (

    select
        -- ids
        {{ record_key('invitations') }} as source_id,
        survey_id as survey_source_id,
        contact_id as customer_source_id,
        case when order_number is not null then 'shop' end as order_system,
        order_number as order_source_id,

        -- attributes
        channel,

        -- times
        {{ utc('sent_at') }} as sent_at,
        {{ utc('delivered_at') }} as delivered_at,
        {{ utc('updated_at') }} as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
