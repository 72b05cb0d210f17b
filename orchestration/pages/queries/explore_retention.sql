-- One row per month, segment (the largest ones) and lifecycle stage, and their totals ('all'): customers kept.
{% from 'scores.sql' import share_low, share_high %}
with

segments as (
    select segment
    from marts.mart_retention_by_segment_stage
    group by segment
    order by sum(base_customer_count) desc, segment
    limit $most_groups
),

sums as (
    select
        kept.month_start_date,
        coalesce(kept.segment, 'all') as segment,
        coalesce(kept.lifecycle_stage, 'all') as stage,
        grouping(kept.segment) as is_all_segment,
        grouping(kept.lifecycle_stage) as is_all_stage,
        bool_and(kept.is_complete) as is_complete,
        sum(kept.retained_customer_count) as retained,
        sum(kept.base_customer_count) as base
    from marts.mart_retention_by_segment_stage as kept
    where
        kept.is_base_complete
        and kept.month_start_date > (
            select max(month_start_date) - to_months($most_periods) from marts.mart_retention_by_segment_stage
        )
    group by
        kept.month_start_date,
        grouping sets ((kept.segment, kept.lifecycle_stage), (kept.segment), (kept.lifecycle_stage), ())
)

select
    'orders' as kind,
    sums.month_start_date as period,
    sums.segment,
    segment_names.segment_name,
    sums.stage,
    stage_names.lifecycle_stage_name as stage_name,
    sums.is_all_segment,
    sums.is_all_stage,
    sums.is_complete,
    sums.base,
    1.0 * sums.retained / sums.base as value,
    {{ share_low('retained', 'base') }} as low,
    {{ share_high('retained', 'base') }} as high
from sums
left join star.dim_segments as segment_names on sums.segment = segment_names.segment
left join star.dim_lifecycle_stages as stage_names on sums.stage = stage_names.lifecycle_stage
where sums.base >= $minimum_base and (sums.is_all_segment = 1 or sums.segment in (select segment from segments))
order by kind, sums.is_all_stage desc, stage_names.stage_order nulls last, sums.is_all_segment desc, sums.segment, period
