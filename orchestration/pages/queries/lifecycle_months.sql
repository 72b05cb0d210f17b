-- One row per month (the last ones) and lifecycle stage: customers in it at the month's end.
select
    month_start_date,
    lifecycle_stage,
    bool_and(is_complete) as is_complete,
    sum(customer_count) as customer_count
from marts.mart_lifecycle_overview
where month_start_date > (
    select max(month_start_date) - to_months($most_periods) from marts.mart_lifecycle_overview
)
group by month_start_date, lifecycle_stage
having sum(customer_count) >= $minimum_base
order by
    month_start_date,
    list_position(['prospect', 'new', 'active', 'at_risk', 'lapsed', 'won_back'], lifecycle_stage)
