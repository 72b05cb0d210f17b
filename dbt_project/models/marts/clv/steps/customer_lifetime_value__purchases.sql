with

histories as (

    select * from {{ ref('science_customer_histories') }}
    where cut_off = 'as_of'

),

segment_fits as (

    select * from {{ ref('customer_lifetime_value__segment_fits') }}

),

purchase_fits as (

    select * from {{ source('science', 'purchase_fits') }}

),

purchase_scores as (

    select * from {{ source('science', 'purchase_scores') }}

),

spend_fits as (

    select * from {{ source('science', 'spend_fits') }}

),

-- Gamma-Gamma: expected amount of a purchase, given x repeat purchases of x * z in total;
-- without repeat purchases it is the mean of all customers
scored as (

    select
        histories.*,
        segment_fits.purchase_fit_id,
        segment_fits.spend_fit_id,
        segment_fits.margin_rate,
        segment_fits.is_margin_floored,
        segment_fits.is_margin_assumed,
        purchase_fits.model,
        purchase_fits.method,
        spend_fits.method as spend_method,
        purchase_fits.as_of_date as purchase_fit_date,
        spend_fits.as_of_date as spend_fit_date,
        purchase_scores.alive_probability,
        purchase_scores.no_order_probability,
        purchase_scores.expected_orders,
        purchase_scores.expected_orders_low,
        purchase_scores.expected_orders_high,
        purchase_scores.discounted_orders,
        spend_fits.p * (spend_fits.v + cast(histories.repeat_amount as double))
        / (spend_fits.p * histories.repeat_count + spend_fits.q - 1)
            as order_worth
    from histories
    left join segment_fits
        on histories.segment = segment_fits.segment
    left join purchase_fits
        on segment_fits.purchase_fit_id = purchase_fits.fit_id
    left join purchase_scores
        on segment_fits.purchase_fit_id = purchase_scores.fit_id
        and histories.repeat_count = purchase_scores.repeat_count
        and histories.last_purchase_weeks = purchase_scores.last_purchase_weeks
        and histories.observed_weeks = purchase_scores.observed_weeks
    left join spend_fits
        on segment_fits.spend_fit_id = spend_fits.fit_id

),

final as (

    select
        -- ids
        customer_id,
        purchase_fit_id,
        spend_fit_id,

        -- attributes
        model,
        method,
        spend_method,
        is_margin_assumed,
        is_margin_floored,

        -- measures
        repeat_count,
        last_purchase_weeks,
        observed_weeks,
        cast(alive_probability as decimal(9, 6)) as alive_probability,
        cast(no_order_probability as decimal(9, 6)) as no_order_probability,
        cast(expected_orders as decimal(18, 6)) as expected_orders,
        cast(expected_orders_low as decimal(18, 6)) as expected_orders_low,
        cast(expected_orders_high as decimal(18, 6)) as expected_orders_high,
        cast(order_worth as decimal(18, 2)) as expected_order_amount,
        margin_rate,
        cast(margin_rate * order_worth * expected_orders as decimal(18, 2))
            as expected_margin_amount,
        cast(margin_rate * order_worth * discounted_orders as decimal(18, 2))
            as residual_value_amount,

        -- times
        purchase_fit_date,
        spend_fit_date

    from scored

)

select * from final
