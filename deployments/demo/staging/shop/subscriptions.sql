with

source as (

    select * from {{ landed('subscriptions') }}

),

final as (

    select
        -- ids
        {{ record_key('subscriptions') }} as source_id,
        subscription_id as subscription_source_id,
        buyer_id as customer_source_id,

        -- attributes
        plan,

        -- measures
        period_number,
        period_amount,

        -- times
        {{ utc('started_at') }} as started_at,
        {{ utc('ends_at') }} as ends_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
