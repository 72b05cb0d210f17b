-- One row: customers at risk, and what forecasts expect from them, with its interval as in value_total.
{% from 'scores.sql' import z_95 %}
select
    count(*) filter (where order_count > 0) as buyer_count,
    count(customer_loss_probability) as forecast_count,
    count(*) filter (where lifecycle_stage = 'at_risk') as at_risk_count,
    count(*) filter (where customer_loss_probability > 0.5) as likely_lost_count,
    count(residual_value_amount) filter (where lifecycle_stage = 'at_risk') as stake_forecast_count,
    sum(residual_value_amount) filter (where lifecycle_stage = 'at_risk') as stake_amount,
    greatest(
        sum(residual_value_amount) filter (where lifecycle_stage = 'at_risk')
        - {{ z_95() }} * sqrt(sum(residual_value_amount * residual_value_amount) filter (where lifecycle_stage = 'at_risk')), 0
    ) as stake_low,
    sum(residual_value_amount) filter (where lifecycle_stage = 'at_risk')
    + {{ z_95() }} * sqrt(sum(residual_value_amount * residual_value_amount) filter (where lifecycle_stage = 'at_risk'))
        as stake_high
from marts.mart_customer_lifetime_value
