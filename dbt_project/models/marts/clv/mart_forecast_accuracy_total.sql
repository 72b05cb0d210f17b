with

customers as (

    select * from {{ ref('forecast_accuracy__customers') }}

),

summed as (

    select
        cut_off_date,
        outcome_days,
        {{ forecast_sums() }},
        case
            when max(expected_orders) > min(expected_orders)
                then regr_slope(order_count, expected_orders)
        end as order_calibration_slope,
        case
            when max(no_order_probability) > min(no_order_probability)
                then regr_slope(without_order_count, no_order_probability)
        end as without_order_calibration_slope
    from customers
    group by cut_off_date, outcome_days

),

with_base_status as (

    select
        *,
        {{ forecast_base_status() }}
    from summed

),

final as (

    select
        -- grain
        cut_off_date,

        -- attributes
        base_status,
        contract_base_status,

        -- measures
        outcome_days,
        {{ forecast_figures() }},
        cast(order_calibration_slope as decimal(18, 6)) as order_calibration_slope,
        cast(without_order_calibration_slope as decimal(18, 6))
            as without_order_calibration_slope,
        cast(
            sqrt(squared_error_sum / nullif(forecast_count, 0)) as decimal(18, 6)
        ) as error_per_customer,
        cast(
            sqrt(naive_squared_error_sum / nullif(forecast_count, 0)) as decimal(18, 6)
        ) as naive_error_per_customer

    from with_base_status

)

select * from final
