-- One row per decile of customers by expected orders, of the pooled fit: expected and actual orders per customer.
select
    decile,
    model,
    customer_count,
    mean_expected_orders,
    mean_actual_orders
from marts.mart_clv_calibration
where
    population = 'pooled'
    and is_chosen
    and customer_count >= $minimum_base
order by decile
