with

histories as (

    select * from {{ ref('science_customer_histories') }}

),

cut_offs as (

    select * from {{ ref('science_cut_offs') }}

),

scores as (

    select * from {{ source('science', 'backtest_purchases') }}

),

spend as (

    select * from {{ source('science', 'backtest_spend') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

-- each distinct history has one score, so the scores name the customers of the backtests
scored as (

    select
        histories.cut_off,
        histories.customer_id,
        histories.segment,
        cut_offs.cut_off_date,
        cut_offs.outcome_end_date,
        scores.decile,
        scores.expected_orders,
        scores.naive_orders,
        scores.no_order_probability,
        histories.holdout_count as order_count,
        histories.holdout_amount as revenue_amount,
        scores.expected_orders
        * spend.p * (spend.v + cast(histories.repeat_amount as double))
        / (spend.p * histories.repeat_count + spend.q - 1)
            as expected_revenue
    from histories
    inner join cut_offs
        on histories.cut_off = cut_offs.cut_off
    inner join scores
        on histories.cut_off = scores.cut_off
        and histories.segment = scores.segment
        and histories.repeat_count = scores.repeat_count
        and histories.last_purchase_weeks = scores.last_purchase_weeks
        and histories.observed_weeks = scores.observed_weeks
    left join spend
        on histories.cut_off = spend.cut_off
        and histories.segment = spend.segment

),

margins as (

    select
        customer_id,
        ordered_date as margin_date,
        net_amount - refunded_amount as revenue_amount,
        margin_amount - refunded_amount as margin_amount
    from orders
    where
        is_counted
        and margin_amount is not null

    union all

    select
        customer_id,
        refunded_date as margin_date,
        -refund_amount as revenue_amount,
        returned_cost_amount - refund_amount as margin_amount
    from refunds
    where is_of_customer

),

earned as (

    select
        scored.cut_off,
        scored.customer_id,
        scored.segment,
        sum(margins.revenue_amount) filter (
            where margins.margin_date < scored.cut_off_date
        ) as earlier_revenue_amount,
        sum(margins.margin_amount) filter (
            where margins.margin_date < scored.cut_off_date
        ) as earlier_margin_amount,
        sum(margins.margin_amount) filter (
            where margins.margin_date >= scored.cut_off_date
        ) as margin_amount
    from scored
    inner join margins
        on scored.customer_id = margins.customer_id
        and scored.outcome_end_date > margins.margin_date
    group by scored.cut_off, scored.customer_id, scored.segment

),

-- the margin rate that was known at the cut-off
rates as (

    select
        cut_off,
        segment,
        least(
            greatest(
                {{ rate('sum(earlier_margin_amount)', 'sum(earlier_revenue_amount)') }},
                0
            ), 1
        ) as margin_rate
    from earned
    group by cut_off, segment

),

final as (

    select
        -- grain
        scored.cut_off,
        scored.customer_id,

        -- attributes
        scored.segment,
        cast(scored.decile as bigint) as decile,

        -- measures
        scored.expected_orders,
        scored.naive_orders,
        scored.no_order_probability,
        scored.order_count,
        scored.expected_revenue,
        scored.revenue_amount,
        scored.expected_revenue * rates.margin_rate as expected_margin,
        cast(coalesce(earned.margin_amount, 0) as decimal(18, 2)) as margin_amount

    from scored
    left join rates
        on scored.cut_off = rates.cut_off
        and scored.segment = rates.segment
    left join earned
        on scored.cut_off = earned.cut_off
        and scored.customer_id = earned.customer_id

)

select * from final
