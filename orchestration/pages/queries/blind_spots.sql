-- One row per journey stage, over the last twelve months: contacts, invitations, responses; a stage without responses is blind.
select
    stages.journey_stage as group_code,
    stages.journey_stage_name as group_name,
    coalesce(sum(spots.contact_count), 0) as contact_count,
    coalesce(sum(spots.delivered_count), 0) as delivered_count,
    coalesce(sum(spots.response_count), 0) as response_count
from star.dim_journey_stages as stages
left join marts.mart_survey_blind_spots as spots
    on
        stages.journey_stage = spots.journey_stage
        and spots.month_start_date > (
            select max(month_start_date) - to_months(12) from marts.mart_survey_blind_spots
        )
where stages.stage_order is not null
group by all
order by any_value(stages.stage_order)
