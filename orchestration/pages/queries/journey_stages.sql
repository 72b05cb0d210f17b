-- One row per journey stage, over the last twelve complete months of entries, in the order of the journey.
select
    names.journey_stage_name as stage_name,
    names.is_post_purchase,
    sum(stages.entered_count) as entered_count,
    sum(stages.mature_count) as mature_count,
    sum(stages.mature_converted_count) as mature_converted_count,
    sum(stages.mature_converted_count) / nullif(sum(stages.mature_count), 0) as conversion_rate,
    sum(stages.dropped_count) as dropped_count,
    sum(stages.contact_count) as contact_count
from marts.mart_journey_stages as stages
inner join star.dim_journey_stages as names on stages.journey_stage = names.journey_stage
where
    stages.is_complete
    and stages.month_start_date > (
        select max(month_start_date) - to_months(12) from marts.mart_journey_stages where is_complete
    )
    and names.stage_order is not null
group by names.journey_stage_name, names.is_post_purchase, names.stage_order
having sum(stages.entered_count) >= $minimum_base
order by names.stage_order
