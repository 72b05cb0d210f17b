with

customer_orders as (

    select * from {{ ref('customer_lifetime_value__orders') }}

),

purchases as (

    select * from {{ ref('customer_lifetime_value__purchases') }}

),

contracts as (

    select * from {{ ref('customer_lifetime_value__contracts') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

joined as (

    select
        customer_orders.customer_id,
        customer_orders.order_count,
        customer_orders.canceled_order_count,
        customer_orders.no_value_reason,
        customer_orders.first_order_date >= as_of.as_of_date as is_first_order_ahead,
        purchases.customer_id is not null as has_purchases,
        coalesce(contracts.contract_count, 0) > 0 as has_contracts,
        coalesce(contracts.open_contract_count, 0) > 0 as has_open_contracts,
        coalesce(contracts.open_contract_count, 0) as open_contract_count,
        purchases.purchase_fit_id,
        purchases.spend_fit_id,
        contracts.contract_fit_id,
        purchases.model as purchase_model,
        purchases.method,
        purchases.spend_method,
        purchases.repeat_count,
        purchases.last_purchase_weeks,
        purchases.observed_weeks,
        purchases.alive_probability,
        purchases.no_order_probability,
        purchases.expected_orders,
        purchases.expected_orders_low,
        purchases.expected_orders_high,
        purchases.expected_order_amount,
        purchases.expected_margin_amount as purchase_margin_amount,
        purchases.residual_value_amount as purchase_residual_amount,
        coalesce(contracts.contract_renewal_status, 'no_contract')
            as contract_renewal_status,
        contracts.contract_loss_probability,
        contracts.expected_margin_amount as contract_margin_amount,
        contracts.residual_value_amount as contract_residual_amount,
        coalesce(purchases.margin_rate, contracts.margin_rate) as margin_rate,
        coalesce(purchases.is_margin_assumed, contracts.is_margin_assumed)
            as is_margin_assumed,
        coalesce(purchases.is_margin_floored, contracts.is_margin_floored)
            as is_margin_floored,
        least(
            purchases.purchase_fit_date,
            purchases.spend_fit_date,
            contracts.contract_fit_date
        ) as fit_date,
        as_of.as_of_date

    from customer_orders
    cross join as_of
    left join purchases
        on customer_orders.customer_id = purchases.customer_id
    left join contracts
        on customer_orders.customer_id = contracts.customer_id

),

-- where one part has no forecast, the sum of the others would be too low
with_reason as (

    select
        *,
        case
            when has_purchases and purchase_fit_id is null then 'no_purchase_fit'
            when has_purchases and spend_fit_id is null then 'no_spend_fit'
            when has_open_contracts and contract_fit_id is null then 'no_contract_fit'
            when (has_purchases or has_open_contracts) and margin_rate is null
                then 'no_margin_known'
            when has_open_contracts and contract_residual_amount is null
                then 'no_contract_fit'
            when has_purchases or has_open_contracts then null
            when order_count > 0 and is_first_order_ahead then 'only_future_orders'
            when order_count > 0 then 'refunded_in_full'
            when no_value_reason = 'refunded_in_full' then 'refunded_in_full'
            when has_contracts then 'contract_ended'
            when canceled_order_count > 0 then 'only_canceled_orders'
            else 'no_order'
        end as no_forecast_reason
    from joined

),

final as (

    select
        -- ids
        customer_id,
        purchase_fit_id,
        spend_fit_id,
        contract_fit_id,

        -- attributes
        coalesce(purchase_model, 'none') as purchase_model,
        method,
        spend_method,
        case when contract_fit_id is null then 'none' else 'sbg' end as contract_model,
        no_forecast_reason,
        contract_renewal_status,
        coalesce(fit_date < as_of_date, false) as is_fit_kept,
        coalesce(is_margin_assumed, false) as is_margin_rate_assumed,
        coalesce(is_margin_floored, false) as is_margin_floored,

        -- measures
        repeat_count,
        last_purchase_weeks,
        observed_weeks,
        open_contract_count,
        alive_probability,
        no_order_probability,
        contract_loss_probability,
        case
            when has_purchases and no_order_probability is null then null
            when has_open_contracts and contract_loss_probability is null then null
            when has_purchases or has_open_contracts
                then
                    cast(
                        coalesce(no_order_probability, 1)
                        * coalesce(contract_loss_probability, 1) as decimal(9, 6)
                    )
        end as customer_loss_probability,
        expected_orders,
        expected_orders_low,
        expected_orders_high,
        expected_order_amount,
        margin_rate,
        case
            when no_forecast_reason is null
                then
                    cast(
                        coalesce(purchase_margin_amount, 0)
                        + coalesce(contract_margin_amount, 0) as decimal(18, 2)
                    )
        end as expected_margin_amount,
        purchase_residual_amount,
        contract_residual_amount,
        case
            when no_forecast_reason is null
                then
                    cast(
                        coalesce(purchase_residual_amount, 0)
                        + coalesce(contract_residual_amount, 0) as decimal(18, 2)
                    )
        end as residual_value_amount,

        -- times
        fit_date

    from with_reason

)

select * from final
