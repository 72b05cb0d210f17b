-- One row per month (the last ones) and lifecycle stage: customers in it at the month's end.
select
    overview.month_start_date,
    overview.lifecycle_stage,
    coalesce(any_value(dim.lifecycle_stage_name), overview.lifecycle_stage) as stage_name,
    bool_and(overview.is_complete) as is_complete,
    sum(overview.customer_count) as customer_count
from marts.mart_lifecycle_overview as overview
left join star.dim_lifecycle_stages as dim on overview.lifecycle_stage = dim.lifecycle_stage
where overview.month_start_date > (
    select max(month_start_date) - to_months($most_periods) from marts.mart_lifecycle_overview
)
group by overview.month_start_date, overview.lifecycle_stage
having sum(overview.customer_count) >= $minimum_base
order by overview.month_start_date, any_value(dim.stage_order) nulls last
