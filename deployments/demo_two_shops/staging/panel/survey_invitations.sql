with

source as (

    select * from {{ landed('requests') }}

),

final as (

    select
        -- ids
        {{ record_key('requests') }} as source_id,
        study as survey_source_id,
        panelist as customer_source_id,
        case when purchase_no is not null then 'outlet' end as order_system,
        purchase_no as order_source_id,

        -- attributes
        via as channel,

        -- times
        {{ utc('sent') }} as sent_at,
        {{ utc('reached') }} as delivered_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
