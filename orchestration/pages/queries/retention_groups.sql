-- One row per group (the largest ones) of the last complete month: what became of its buyers of the period before.
{% from 'scores.sql' import share_low, share_high %}
with

last_month as (
    select coalesce(max(month_start_date) filter (where is_complete), max(month_start_date)) as period
    from marts.mart_retention_by_segment_stage
    where is_base_complete and base_customer_count > 0
)

select
    groups.{{ column }} as group_code,
    coalesce(any_value(dim.{{ column }}_name), groups.{{ column }}) as group_name,
    bool_and(groups.is_complete) as is_complete,
    any_value(last_month.period) as period,
    sum(groups.base_customer_count) as base,
    1.0 * sum(groups.retained_customer_count) / sum(groups.base_customer_count) as value,
    {{ share_low('sum(groups.retained_customer_count)', 'sum(groups.base_customer_count)') }} as low,
    {{ share_high('sum(groups.retained_customer_count)', 'sum(groups.base_customer_count)') }} as high,
    sum(groups.retained_revenue_amount) / nullif(sum(groups.base_revenue_amount), 0) as net_rate,
    count(*) over () as group_count
from marts.mart_retention_by_segment_stage as groups
inner join last_month on groups.month_start_date = last_month.period
left join star.{{ dimension }} as dim on groups.{{ column }} = dim.{{ column }}
group by groups.{{ column }}
having sum(groups.base_customer_count) > 0
qualify row_number() over (order by base desc, groups.{{ column }}) <= $most_groups
order by {{ order }}, groups.{{ column }}
