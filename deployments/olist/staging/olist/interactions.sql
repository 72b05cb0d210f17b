with

source as (

    select * from {{ landed('orders') }}

),

touchpoints as (

    select 'order_placed' as touchpoint
    union all
    select 'payment_approved' as touchpoint
    union all
    select 'order_shipped' as touchpoint
    union all
    select 'order_delivered' as touchpoint

),

-- One row per order and touchpoint; a touchpoint without a time has not happened.
steps as (

    select
        {{ record_key('orders', 'source') }} as order_source_id,
        source.customer_id as customer_source_id,
        touchpoints.touchpoint,
        source._load_date,
        source._source_file,
        source._source_row,
        case touchpoints.touchpoint
            when 'order_placed' then source.order_purchase_timestamp
            when 'payment_approved' then source.order_approved_at
            when 'order_shipped' then source.order_delivered_carrier_date
            when 'order_delivered' then source.order_delivered_customer_date
        end as step_time

    from source
    cross join touchpoints

),

final as (

    select
        -- ids
        order_source_id || '-' || touchpoint as source_id,
        customer_source_id,
        'olist' as order_system,
        order_source_id,

        -- attributes
        touchpoint,

        -- times
        {{ utc_from_local('step_time') }} as occurred_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from steps
    where step_time is not null

)

select * from final
