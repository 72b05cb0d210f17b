with

calibration as (

    select * from {{ source('science', 'purchase_calibration') }}

),

fits as (

    select * from {{ source('science', 'purchase_fits') }}

),

final as (

    select
        -- ids
        calibration.fit_id,
        calibration.decile,

        -- attributes
        fits.population,
        fits.model,
        fits.is_chosen,

        -- measures
        calibration.customer_count,
        cast(calibration.expected_orders as decimal(18, 6)) as expected_orders,
        calibration.actual_order_count,
        cast(
            calibration.expected_orders / calibration.customer_count as decimal(18, 6)
        ) as mean_expected_orders,
        cast(
            calibration.actual_order_count
            / cast(calibration.customer_count as double) as decimal(18, 6)
        ) as mean_actual_orders,
        cast(
            calibration.expected_silent_count / calibration.customer_count as decimal(
                9, 6
            )
        ) as expected_no_order_rate,
        {{ rate('calibration.actual_silent_count', 'calibration.customer_count') }}
            as actual_no_order_rate,

        -- times
        fits.as_of_date

    from calibration
    inner join fits
        on calibration.fit_id = fits.fit_id

)

select * from final
