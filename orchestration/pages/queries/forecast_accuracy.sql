-- One row per past cut-off, the longest first: the error of the forecast beside that of the naive yardstick.
select
    cut_off_date,
    outcome_days,
    forecast_count,
    expected_orders,
    order_count,
    order_error_rate,
    order_error_rate_low,
    order_error_rate_high,
    naive_error_rate
from marts.mart_forecast_accuracy_total
where forecast_count >= $minimum_base
order by outcome_days desc
