-- One row per segment (the largest ones) and lifecycle stage at the as-of date: customers.
with

segments as (
    select
        customers.segment,
        coalesce(any_value(dim.segment_name), customers.segment) as segment_name,
        count(*) as segment_count,
        count(*) over () as group_count
    from marts.mart_customer_360 as customers
    left join star.dim_segments as dim on customers.segment = dim.segment
    group by customers.segment
    order by segment_count desc, customers.segment
    limit $most_groups
)

select
    segments.segment_name,
    segments.segment_count,
    segments.group_count,
    customers.lifecycle_stage,
    count(*) as customer_count
from marts.mart_customer_360 as customers
inner join segments on customers.segment = segments.segment
group by all
order by segments.segment_count desc, segments.segment_name
