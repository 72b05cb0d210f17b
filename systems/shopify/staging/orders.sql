with

orders as (

    select * from {{ landed('order') }}

),

drafts as (

    select * from {{ landed('draft_order') }}

),

shipments as (

    select * from {{ landed('fulfillment') }}

),

carrier_events as (

    select * from {{ landed('fulfillment_event') }}

),

shipping_fees as (

    select * from {{ landed('order_shipping_line') }}

),

latest_shipments as (

    select
        {{ record_key('fulfillment') }} as shipment_id,
        {{ record_id('order_id') }} as order_id,
        lower(cast(status as varchar)) as status,
        {{ moment('created_at') }} as shipped_at
    from shipments
    qualify row_number() over (
        partition by {{ record_key('fulfillment') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

latest_events as (

    select
        {{ record_id('fulfillment_id') }} as shipment_id,
        lower(cast(status as varchar)) as status,
        {{ moment('happened_at') }} as happened_at,
        coalesce(
            cast(cast(_fivetran_deleted as varchar) as boolean), false
        ) as is_deleted
    from carrier_events
    qualify row_number() over (
        partition by {{ record_key('fulfillment_event') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

arrivals as (

    select
        shipment_id,
        min(happened_at) as delivered_at
    from latest_events
    where
        status = 'delivered'
        and not is_deleted
    group by shipment_id

),

-- a shipment that was cancelled or failed never left; an order has arrived with its last
-- shipment
shipped as (

    select
        latest_shipments.order_id,
        min(latest_shipments.shipped_at) as shipped_at,
        case
            when count(arrivals.delivered_at) = count(*) then max(arrivals.delivered_at)
        end as delivered_at
    from latest_shipments
    left join arrivals
        on latest_shipments.shipment_id = arrivals.shipment_id
    where
        latest_shipments.status is null
        or latest_shipments.status not in ('cancelled', 'error', 'failure')
    group by latest_shipments.order_id

),

latest_fees as (

    select
        {{ record_id('order_id') }} as order_id,
        coalesce(
            cast(discounted_price_set_shop_amount as decimal(18, 2)),
            cast(discounted_price as decimal(18, 2)),
            cast(price as decimal(18, 2))
        ) as fee_amount
    from shipping_fees
    qualify row_number() over (
        partition by {{ record_key('order_shipping_line') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

fees as (

    select
        order_id,
        sum(fee_amount) as fee_amount
    from latest_fees
    group by order_id

),

-- REST and GraphQL under one name
stated as (

    select
        *,
        {{ record_key('order') }} as order_id,
        lower(trim(cast(source_name as varchar))) as source_code,
        lower(coalesce(
            cast(financial_status as varchar),
            cast(display_financial_status as varchar)
        )) as payment_status,
        lower(coalesce(
            cast(fulfillment_status as varchar),
            cast(display_fulfillment_status as varchar)
        )) as shipping_status,
        nullif(trim(cast(cancelled_at as varchar)), '') is not null as is_cancelled,
        coalesce(
            cast(currency as varchar), cast(currency_code as varchar)
        ) as currency_of_shop,
        coalesce(cast(cast(test as varchar) as boolean), false) as is_test,
        coalesce(
            cast(cast(_fivetran_deleted as varchar) as boolean), false
        ) as is_deleted
    from orders

),

of_orders as (

    select
        -- ids
        stated.order_id as source_id,
        cast(stated.customer_id as varchar) as customer_source_id,

        -- attributes
        case
            when stated.source_code in ('web', 'online', 'online_store', '580111')
                then 'web'
            when stated.source_code in ('pos', 'point_of_sale', '129785') then 'store'
            when
                stated.source_code in ('app', 'mobile_app', 'iphone', 'android')
                then 'app'
            when
                stated.source_code in ('facebook', 'instagram', 'tiktok', 'pinterest')
                then 'social'
        end as channel,
        -- an authorization that was voided or ran out was never paid
        case
            when
                stated.is_cancelled
                or stated.payment_status in ('voided', 'expired')
                then 'canceled'
            when stated.payment_status = 'refunded' then 'returned'
            when shipped.delivered_at is not null then 'delivered'
            when stated.shipping_status = 'fulfilled' then 'shipped'
            else 'placed'
        end as order_status,
        upper(trim(stated.currency_of_shop)) as currency,
        case when stated.is_test then 'test_order' end as excluded_reason,

        -- measures
        coalesce(
            cast(stated.total_shipping_price_set_shop_amount as decimal(18, 2)),
            cast(fees.fee_amount as decimal(18, 2))
        ) as freight_amount,
        coalesce(
            cast(stated.total_tax_set_shop_amount as decimal(18, 2)),
            cast(stated.total_tax as decimal(18, 2))
        ) as tax_amount,

        -- times
        -- orders that were imported from another shop are created on the day of the import
        coalesce(
            {{ moment('stated.processed_at') }}, {{ moment('stated.created_at') }}
        ) as ordered_at,
        shipped.shipped_at,
        shipped.delivered_at,
        {{ moment('stated.updated_at') }} as updated_at,
        case
            when stated.is_deleted then {{ moment('stated._fivetran_synced') }}
        end as deleted_at,

        -- landing
        stated._load_date,
        stated._source_file,
        stated._source_row

    from stated
    left join shipped
        on stated.order_id = shipped.order_id
    left join fees
        on stated.order_id = fees.order_id

),

-- a draft is an offer; once it is completed, the order counts
of_drafts as (

    select
        -- ids
        'draft-' || {{ record_key('draft_order') }} as source_id,
        cast(customer_id as varchar) as customer_source_id,

        -- attributes
        cast(null as varchar) as channel,
        'placed' as order_status,
        upper(trim(coalesce(
            cast(currency as varchar), cast(currency_code as varchar)
        ))) as currency,
        'draft_order' as excluded_reason,

        -- measures
        cast(null as decimal(18, 2)) as freight_amount,
        cast(null as decimal(18, 2)) as tax_amount,

        -- times
        {{ moment('created_at') }} as ordered_at,
        cast(null as timestamp) as shipped_at,
        cast(null as timestamp) as delivered_at,
        {{ moment('updated_at') }} as updated_at,
        case
            when cast(cast(_fivetran_deleted as varchar) as boolean)
                then {{ moment('_fivetran_synced') }}
        end as deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from drafts

),

final as (

    select * from of_orders

    union all

    select * from of_drafts

)

select * from final
