-- One row per month (the last ones): what became of the buyers of a year before. Sums over segments and lifecycle stages.
{% from 'scores.sql' import share_low, share_high %}
with

months as (
    select
        month_start_date as period,
        bool_and(is_complete) as is_complete,
        bool_and(is_base_complete) as is_base_complete,
        any_value(period_months) as period_months,
        any_value(distance_months) as distance_months,
        sum(base_customer_count) as base,
        sum(retained_customer_count) as retained_count,
        sum(base_revenue_amount) as base_revenue_amount,
        sum(kept_revenue_amount) as kept_revenue_amount,
        sum(retained_revenue_amount) as retained_revenue_amount
    from marts.{{ mart }}
    group by month_start_date
)

select
    *,
    1.0 * retained_count / base as value,
    {{ share_low('retained_count', 'base') }} as low,
    {{ share_high('retained_count', 'base') }} as high,
    retained_revenue_amount / nullif(base_revenue_amount, 0) as net_rate,
    kept_revenue_amount / nullif(base_revenue_amount, 0) as gross_rate
from months
where
    is_base_complete
    and base >= $minimum_base
    and period > (select max(period) - to_months($most_periods) from months)
order by period
