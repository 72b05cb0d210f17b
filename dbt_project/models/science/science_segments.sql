with

segments as (

    select * from {{ ref('dim_segments') }}

),

histories as (

    select * from {{ ref('science_customer_histories') }}
    where cut_off = 'as_of'

),

customers as (

    select * from {{ ref('dim_customers') }}
    where is_current

),

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

buyers as (

    select
        segment,
        count(*) as buyer_count
    from histories
    group by segment

),

-- a refund reduces the margin in full, so returned goods lower the rate of their segment
margins as (

    select
        customer_id,
        net_amount - refunded_amount as revenue_amount,
        margin_amount - refunded_amount as margin_amount,
        is_margin_assumed
    from orders
    where is_counted

    union all

    select
        customer_id,
        -refund_amount as revenue_amount,
        returned_cost_amount - refund_amount as margin_amount,
        false as is_margin_assumed
    from refunds
    where is_of_customer

),

sold as (

    select
        customers.segment,
        sum(margins.revenue_amount) as revenue_amount,
        sum(margins.margin_amount) as margin_amount,
        bool_or(margins.is_margin_assumed) as is_margin_assumed
    from margins
    inner join customers
        on margins.customer_id = customers.customer_id
    where
        margins.margin_amount is not null
        and margins.customer_id <> {{ unknown_key() }}
    group by customers.segment

),

sold_together as (

    select
        sum(revenue_amount) as revenue_amount,
        sum(margin_amount) as margin_amount,
        bool_or(is_margin_assumed) as is_margin_assumed
    from sold

),

populated as (

    select
        segments.segment,
        coalesce(buyers.buyer_count, 0) as buyer_count,
        coalesce(buyers.buyer_count, 0) >= {{ var('minimum_customers_per_fit') }}
            as has_own_fit
    from segments
    left join buyers
        on segments.segment = buyers.segment

),

rated as (

    select
        populated.*,
        case
            when populated.has_own_fit then sold.revenue_amount
            else sold_together.revenue_amount
        end as revenue_amount,
        case
            when populated.has_own_fit then sold.margin_amount
            else sold_together.margin_amount
        end as margin_amount,
        case
            when populated.has_own_fit then sold.is_margin_assumed
            else sold_together.is_margin_assumed
        end as is_margin_assumed
    from populated
    cross join sold_together
    left join sold
        on populated.segment = sold.segment

),

final as (

    select
        -- ids
        segment,

        -- attributes
        has_own_fit,
        coalesce(is_margin_assumed, true) as is_margin_assumed,
        coalesce(revenue_amount > 0 and margin_amount < 0, false) as is_margin_floored,

        -- measures
        buyer_count,
        cast(
            case
                when revenue_amount > 0
                    then
                        least(
                            greatest(
                                {{ rate('margin_amount', 'revenue_amount') }}, 0
                            ),
                            1
                        )
                else {{ var('assumed_margin_rate') or 'null' }}
            end as decimal(18, 6)
        ) as margin_rate

    from rated

)

select * from final
