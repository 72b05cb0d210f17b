with

source as (

    select * from {{ landed('acquisitions') }}

),

final as (

    select
        -- ids
        {{ record_key('acquisitions') }} as source_id,
        customer_id as customer_source_id,
        referrer_customer_id as referrer_source_id,

        -- attributes
        acquired_by,
        campaign,

        -- times
        {{ utc('acquired_at') }} as acquired_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
