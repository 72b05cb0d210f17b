-- One row: value of all customers. An interval is that of another draw of such customers, as in mart_clv_by_segment_stage:
{% from 'scores.sql' import z_95 %}
-- the variance of a bootstrapped sum is the sum of the squares.
select
    count(*) as customer_count,
    count(*) filter (where order_count > 0) as buyer_count,
    count(residual_value_amount) as forecast_count,
    sum(revenue_amount) as revenue_amount,
    sum(historic_value_amount) as historic_value_amount,
    sum(residual_value_amount) as residual_value_amount,
    sum(residual_value_amount) - {{ z_95() }} * sqrt(sum(residual_value_amount * residual_value_amount)) as residual_low,
    sum(residual_value_amount) + {{ z_95() }} * sqrt(sum(residual_value_amount * residual_value_amount)) as residual_high
from marts.mart_customer_lifetime_value
