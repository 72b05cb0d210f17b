-- One row per segment, the largest ones: value to come, and its interval as in value_total.
{% from 'scores.sql' import z_95 %}
select
    value.segment as group_code,
    coalesce(any_value(dim.segment_name), value.segment) as group_name,
    count(*) as customer_count,
    count(residual_value_amount) as forecast_count,
    sum(historic_value_amount) as historic_value_amount,
    sum(residual_value_amount) as residual_value_amount,
    greatest(
        sum(residual_value_amount) - {{ z_95() }} * sqrt(sum(residual_value_amount * residual_value_amount)), 0
    ) as residual_low,
    sum(residual_value_amount) + {{ z_95() }} * sqrt(sum(residual_value_amount * residual_value_amount)) as residual_high,
    avg(residual_value_amount) as mean_amount,
    avg(residual_value_amount)
    - {{ z_95() }} * stddev_samp(residual_value_amount) / sqrt(count(residual_value_amount)) as mean_low,
    avg(residual_value_amount)
    + {{ z_95() }} * stddev_samp(residual_value_amount) / sqrt(count(residual_value_amount)) as mean_high,
    count(*) over () as group_count
from marts.mart_customer_lifetime_value as value
left join star.dim_segments as dim on value.segment = dim.segment
group by value.segment
order by customer_count desc, value.segment
limit $most_groups
