-- One row per year and segment (the largest ones) of the last complete year: net revenue retention and growth.
select
    growth.segment as group_code,
    coalesce(dim.segment_name, growth.segment) as group_name,
    growth.year_start_date as period,
    growth.is_complete,
    growth.base_customer_count as base,
    growth.net_revenue_retention_rate as value,
    growth.net_revenue_retention_rate_low as low,
    growth.net_revenue_retention_rate_high as high,
    growth.growth_rate,
    growth.growth_rate_low,
    growth.growth_rate_high,
    growth.low_earned_growth_rate,
    growth.high_earned_growth_rate,
    count(*) over () as group_count
from marts.mart_earned_growth as growth
left join star.dim_segments as dim on growth.segment = dim.segment
where growth.year_start_date = (
    select max(year_start_date) from marts.mart_earned_growth where is_complete and is_base_complete
)
qualify row_number() over (order by base desc, growth.segment) <= $most_groups
order by base desc, growth.segment
