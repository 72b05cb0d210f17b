-- One row per value tier, the highest first: the range of its forecasts, its customers and their share of the value.
select
    value_tier,
    lowest_amount,
    highest_amount,
    customer_count,
    residual_value_amount,
    residual_value_amount / nullif(sum(residual_value_amount) over (), 0) as share_rate
from marts.mart_clv_value_tiers
order by lowest_amount desc
