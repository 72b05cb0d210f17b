-- One row per cohort month (the last ones) and age with complete months: customers who ordered again, over all segments.
{% from 'scores.sql' import share_low, share_high %}
select
    cohort_month_start_date as cohort,
    age_months,
    sum(cohort_customer_count) as base,
    1.0 * sum(active_customer_count) / sum(cohort_customer_count) as value,
    {{ share_low('sum(active_customer_count)', 'sum(cohort_customer_count)') }} as low,
    {{ share_high('sum(active_customer_count)', 'sum(cohort_customer_count)') }} as high
from marts.mart_retention_cohorts
where
    age_months between 1 and 12
    and is_complete
    and cohort_month_start_date > (
        select max(cohort_month_start_date) - to_months($most_periods) from marts.mart_retention_cohorts
    )
group by cohort_month_start_date, age_months
having sum(cohort_customer_count) >= $minimum_base
order by cohort_month_start_date, age_months
