-- One row per cohort quarter of the first order, segment (the largest ones) and lifecycle stage, and their totals ('all'):
-- value to come per customer, with its interval as in mart_clv_by_segment_stage.
{% from 'scores.sql' import z_95 %}
with

customers as (
    select
        segment,
        lifecycle_stage,
        residual_value_amount,
        cast(date_trunc('quarter', first_order_date) as date) as quarter_start_date
    from marts.mart_customer_lifetime_value
    where residual_value_amount is not null and first_order_date is not null
),

segments as (
    select segment
    from customers
    group by segment
    order by count(*) desc, segment
    limit $most_groups
),

sums as (
    select
        quarter_start_date,
        coalesce(segment, 'all') as segment,
        coalesce(lifecycle_stage, 'all') as stage,
        grouping(segment) as is_all_segment,
        grouping(lifecycle_stage) as is_all_stage,
        count(*) as base,
        avg(residual_value_amount) as value,
        stddev_samp(residual_value_amount) as deviation
    from customers
    where quarter_start_date > (select max(quarter_start_date) - to_months(3 * $most_periods) from customers)
    group by
        quarter_start_date,
        grouping sets ((segment, lifecycle_stage), (segment), (lifecycle_stage), ())
)

select
    'forecast' as kind,
    sums.quarter_start_date as period,
    sums.segment,
    segment_names.segment_name,
    sums.stage,
    stage_names.lifecycle_stage_name as stage_name,
    sums.quarter_start_date < (select max(quarter_start_date) from customers) as is_complete,
    sums.is_all_segment,
    sums.is_all_stage,
    sums.base,
    sums.value,
    sums.value - {{ z_95() }} * sums.deviation / sqrt(sums.base) as low,
    sums.value + {{ z_95() }} * sums.deviation / sqrt(sums.base) as high
from sums
left join star.dim_segments as segment_names on sums.segment = segment_names.segment
left join star.dim_lifecycle_stages as stage_names on sums.stage = stage_names.lifecycle_stage
where sums.base >= $minimum_base and (sums.is_all_segment = 1 or sums.segment in (select segment from segments))
order by kind, sums.is_all_stage desc, stage_names.stage_order nulls last, sums.is_all_segment desc, sums.segment, period
