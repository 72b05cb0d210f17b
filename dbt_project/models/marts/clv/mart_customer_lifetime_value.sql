with

customer_orders as (

    select * from {{ ref('customer_lifetime_value__orders') }}

),

forecasts as (

    select * from {{ ref('customer_lifetime_value__forecasts') }}

),

value_tiers as (

    select * from {{ ref('mart_clv_value_tiers') }}

),

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

newest_month as (

    select max(month_start_date) as month_start_date
    from customer_months

),

-- months have no gaps: every customer who ever ordered has a row in the newest one
latest_months as (

    select customer_months.*
    from customer_months
    inner join newest_month
        on customer_months.month_start_date = newest_month.month_start_date

),

final as (

    select
        -- ids
        customer_orders.customer_id,

        -- attributes
        customer_orders.segment,
        coalesce(latest_months.lifecycle_stage, 'prospect') as lifecycle_stage,
        coalesce(value_tiers.value_tier, 'unknown') as value_tier,
        latest_months.recency_tier as rfm_recency_tier,
        latest_months.frequency_tier as rfm_frequency_tier,
        latest_months.monetary_tier as rfm_monetary_tier,

        -- past value
        customer_orders.no_value_reason,
        customer_orders.is_margin_assumed,
        customer_orders.order_count,
        customer_orders.canceled_order_count,
        customer_orders.revenue_amount,
        customer_orders.refunded_amount,
        customer_orders.margin_amount,
        customer_orders.historic_value_amount,
        cast(
            {{ days_between('customer_orders.first_order_date', 'as_of.as_of_date') }}
            as integer
        ) as tenure_days,
        cast(
            {{ days_between('customer_orders.last_order_date', 'as_of.as_of_date') }}
            as integer
        ) as days_since_last_order,

        -- inputs of the models
        forecasts.repeat_count as model_repeat_count,
        forecasts.last_purchase_weeks as model_last_purchase_weeks,
        forecasts.observed_weeks as model_observed_weeks,
        forecasts.open_contract_count,

        -- forecast within the horizon
        forecasts.purchase_model,
        forecasts.method,
        forecasts.spend_method,
        forecasts.contract_model,
        forecasts.no_forecast_reason,
        forecasts.contract_renewal_status,
        forecasts.is_fit_kept,
        forecasts.is_margin_rate_assumed,
        forecasts.is_margin_floored,
        forecasts.alive_probability,
        forecasts.no_order_probability,
        forecasts.contract_loss_probability,
        forecasts.customer_loss_probability,
        forecasts.expected_orders,
        forecasts.expected_orders_low,
        forecasts.expected_orders_high,
        forecasts.expected_order_amount,
        forecasts.margin_rate,
        forecasts.expected_margin_amount,
        forecasts.purchase_residual_amount,
        forecasts.contract_residual_amount,
        forecasts.residual_value_amount,
        forecasts.purchase_fit_id,
        forecasts.spend_fit_id,
        forecasts.contract_fit_id,

        -- times
        customer_orders.first_order_date,
        customer_orders.last_order_date,
        forecasts.fit_date,
        as_of.as_of_date

    from customer_orders
    cross join as_of
    inner join forecasts
        on customer_orders.customer_id = forecasts.customer_id
    left join value_tiers
        on forecasts.residual_value_amount >= value_tiers.lowest_amount
        and forecasts.residual_value_amount <= value_tiers.highest_amount
    left join latest_months
        on customer_orders.customer_id = latest_months.customer_id

)

select * from final
