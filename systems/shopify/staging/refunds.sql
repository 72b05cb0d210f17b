with

rest_lines as (

    select * from {{ landed('order_line_refund') }}

),

graphql_lines as (

    select * from {{ landed('refund_line_item') }}

),

adjustments as (

    select * from {{ landed('order_adjustment') }}

),

refunds as (

    select * from {{ landed('refund') }}

),

orders as (

    select * from {{ landed('order') }}

),

order_lines as (

    select * from {{ landed('order_line') }}

),

latest_refunds as (

    select
        {{ record_key('refund') }} as refund_id,
        {{ record_id('order_id') }} as order_id,
        coalesce(
            {{ moment('processed_at') }}, {{ moment('created_at') }}
        ) as refunded_at
    from refunds
    qualify row_number() over (
        partition by {{ record_key('refund') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

latest_orders as (

    select
        {{ record_key('order') }} as order_id,
        coalesce(
            cast(cast(taxes_included as varchar) as boolean), false
        ) as has_tax_in_prices,
        coalesce(
            cast(total_tip_received_set_shop_amount as decimal(18, 2)),
            cast(total_tip_received as decimal(18, 2)),
            0
        ) as tip_amount
    from orders
    qualify row_number() over (
        partition by {{ record_key('order') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

latest_lines as (

    select
        {{ record_key('order_line') }} as line_id,
        {{ record_id('order_id') }} as order_id,
        coalesce(
            cast(cast(gift_card as varchar) as boolean),
            cast(cast(is_gift_card as varchar) as boolean),
            false
        ) as is_card,
        product_id is null and lower(trim(cast(title as varchar))) = 'tip' as may_be_tip
    from order_lines
    qualify row_number() over (
        partition by {{ record_key('order_line') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

refunded_lines as (

    select
        {{ record_key('order_line_refund') }} as source_id,
        {{ record_id('refund_id') }} as refund_id,
        {{ record_id('order_line_id') }} as line_id,
        cast(restock_type as varchar) as restock_type,
        coalesce(
            cast(subtotal_set_shop_amount as decimal(18, 2)),
            cast(subtotal as decimal(18, 2))
        ) as subtotal_amount,
        coalesce(
            cast(total_tax_set_shop_amount as decimal(18, 2)),
            cast(total_tax as decimal(18, 2)),
            0
        ) as tax_amount,
        _load_date,
        _source_file,
        _source_row
    from rest_lines

    union all

    select
        {{ record_key('refund_line_item') }} as source_id,
        {{ record_id('refund_id') }} as refund_id,
        {{ record_id('order_line_id') }} as line_id,
        cast(restock_type as varchar) as restock_type,
        coalesce(
            cast(subtotal_set_shop_amount as decimal(18, 2)),
            cast(subtotal as decimal(18, 2))
        ) as subtotal_amount,
        coalesce(
            cast(total_tax_set_shop_amount as decimal(18, 2)),
            cast(total_tax as decimal(18, 2)),
            0
        ) as tax_amount,
        _load_date,
        _source_file,
        _source_row
    from graphql_lines

),

dated_lines as (

    select
        refunded_lines.*,
        latest_refunds.refunded_at,
        latest_lines.is_card,
        latest_lines.may_be_tip,
        coalesce(latest_refunds.order_id, latest_lines.order_id) as order_id
    from refunded_lines
    left join latest_refunds
        on refunded_lines.refund_id = latest_refunds.refund_id
    left join latest_lines
        on refunded_lines.line_id = latest_lines.line_id

),

-- a line whose refund has not arrived has no date: it waits, counted as incomplete
of_lines as (

    select
        -- ids
        'line-' || dated_lines.source_id as source_id,
        dated_lines.order_id as order_source_id,
        dated_lines.line_id as order_line_source_id,

        -- attributes
        dated_lines.restock_type as reason,
        case
            when dated_lines.is_card then 'gift_card'
            when dated_lines.may_be_tip and latest_orders.tip_amount > 0 then 'tip'
            when dated_lines.subtotal_amount = 0 then 'restocked_without_refund'
        end as excluded_reason,

        -- measures
        cast(
            dated_lines.subtotal_amount - case
                when latest_orders.has_tax_in_prices then dated_lines.tax_amount
                else 0
            end as decimal(18, 2)
        ) as refund_amount,

        -- times
        dated_lines.refunded_at,

        -- landing
        dated_lines._load_date,
        dated_lines._source_file,
        dated_lines._source_row

    from dated_lines
    left join latest_orders
        on dated_lines.order_id = latest_orders.order_id

),

-- what was paid back beyond the refunded lines is below 0 here; a restocking fee is above
-- 0 and makes the refund smaller
of_adjustments as (

    select
        -- ids
        'adjustment-' || {{ record_key('order_adjustment', 'adjustments') }}
            as source_id,
        coalesce(
            latest_refunds.order_id, {{ record_id('adjustments.order_id') }}
        ) as order_source_id,
        cast(null as varchar) as order_line_source_id,

        -- attributes
        lower(cast(adjustments.reason as varchar)) as reason,
        case
            when
                lower(cast(adjustments.kind as varchar)) = 'shipping_refund'
                then 'refund_of_freight'
        end as excluded_reason,

        -- measures
        -coalesce(
            cast(adjustments.amount_set_shop_amount as decimal(18, 2)),
            cast(adjustments.amount as decimal(18, 2))
        ) as refund_amount,

        -- times
        latest_refunds.refunded_at,

        -- landing
        adjustments._load_date,
        adjustments._source_file,
        adjustments._source_row

    from adjustments
    left join latest_refunds
        on {{ record_id('adjustments.refund_id') }} = latest_refunds.refund_id

),

final as (

    select * from of_lines

    union all

    select * from of_adjustments

)

select * from final
