with

order_lines as (

    select * from {{ landed('order_line') }}

),

orders as (

    select * from {{ landed('order') }}

),

allocations as (

    select * from {{ landed('discount_allocation') }}

),

taxes as (

    select * from {{ landed('tax_line') }}

),

variants as (

    select * from {{ landed('product_variant') }}

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
        ) as tip_amount,
        coalesce(
            cast(total_price_set_shop_amount as decimal(18, 2)),
            cast(total_price as decimal(18, 2))
        ) as total_amount,
        coalesce(
            cast(total_tax_set_shop_amount as decimal(18, 2)),
            cast(total_tax as decimal(18, 2))
        ) as tax_amount
    from orders
    qualify row_number() over (
        partition by {{ record_key('order') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

latest_allocations as (

    select
        {{ record_id('order_line_id') }} as order_line_id,
        coalesce(
            cast(allocated_amount_set_shop_amount as decimal(18, 2)),
            cast(amount_set_shop_money_amount as decimal(18, 2)),
            cast(amount as decimal(18, 2))
        ) as discount_amount
    from allocations
    qualify row_number() over (
        partition by {{ record_key('discount_allocation') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

discounts as (

    select
        order_line_id,
        sum(discount_amount) as discount_amount
    from latest_allocations
    group by order_line_id

),

latest_taxes as (

    select
        {{ record_id('order_line_id') }} as order_line_id,
        coalesce(
            cast(price_set_shop_amount as decimal(18, 2)),
            cast(price as decimal(18, 2))
        ) as tax_amount
    from taxes
    qualify row_number() over (
        partition by {{ record_key('tax_line') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

line_taxes as (

    select
        order_line_id,
        sum(tax_amount) as tax_amount
    from latest_taxes
    group by order_line_id

),

-- distinct: a variant has landed once for every change
known_variants as (

    select distinct {{ record_key('product_variant') }} as variant_id
    from variants

),

stated as (

    select
        *,
        {{ record_key('order_line') }} as line_id,
        {{ record_id('order_id') }} as id_of_order,
        {{ record_id('product_id') }} as id_of_product,
        {{ record_id('variant_id') }} as id_of_variant,
        cast(cast(quantity as double) as integer) as units,
        coalesce(
            cast(original_total_set_shop_amount as decimal(18, 2)),
            cast(
                cast(price as decimal(18, 2)) * cast(quantity as double)
                as decimal(18, 2)
            )
        ) as gross_amount,
        coalesce(
            cast(cast(gift_card as varchar) as boolean),
            cast(cast(is_gift_card as varchar) as boolean),
            false
        ) as is_card,
        coalesce(
            cast(cast(_fivetran_deleted as varchar) as boolean), false
        ) as is_deleted
    from order_lines

),

-- allocations hold every discount of a line, also its share of those of the order
discounted as (

    select
        stated.*,
        stated.gross_amount - coalesce(
            discounts.discount_amount,
            cast(stated.total_discount_set_shop_amount as decimal(18, 2)),
            cast(stated.total_discount as decimal(18, 2)),
            0
        ) as discounted_amount,
        latest_orders.has_tax_in_prices,
        latest_orders.tip_amount,
        latest_orders.tax_amount as order_tax_amount,
        latest_orders.total_amount as order_total_amount,
        line_taxes.tax_amount as line_tax_amount,
        count(line_taxes.tax_amount) over (
            partition by stated.id_of_order
        ) > 0 as has_line_taxes,
        known_variants.variant_id is not null as is_known_variant
    from stated
    left join latest_orders
        on stated.id_of_order = latest_orders.order_id
    left join discounts
        on stated.line_id = discounts.order_line_id
    left join line_taxes
        on stated.line_id = line_taxes.order_line_id
    left join known_variants
        on stated.id_of_variant = known_variants.variant_id

),

final as (

    select
        -- ids
        line_id as source_id,
        id_of_order as order_source_id,
        case
            when is_known_variant then id_of_product || '-' || id_of_variant
            else id_of_product
        end as product_source_id,

        -- attributes
        cast(cast(index as double) as integer) as line_number,
        -- a gift card is revenue when it is spent; a tip is no goods
        case
            when is_card then 'gift_card'
            when
                id_of_product is null
                and tip_amount > 0
                and lower(trim(cast(title as varchar))) = 'tip'
                then 'tip'
        end as excluded_reason,

        -- measures
        units as quantity,
        -- without the taxes of the lines, those of the order are shared by price
        cast(
            case
                when not coalesce(has_tax_in_prices, false) then discounted_amount
                when has_line_taxes
                    then discounted_amount - coalesce(line_tax_amount, 0)
                else
                    discounted_amount - coalesce(round(
                        discounted_amount * cast(order_tax_amount as double)
                        / nullif(order_total_amount, 0), 2
                    ), 0)
            end as decimal(18, 2)
        ) as net_amount,

        -- times
        case
            when is_deleted then {{ moment('_fivetran_synced') }}
        end as deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from discounted

)

select * from final
