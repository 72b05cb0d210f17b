-- One row per survey type and journey_stage (the largest ones) in the last complete quarter, else in the last one: NPS and its change.
{% from 'scores.sql' import nps_low, nps_high %}
select
    groups.survey_type,
    groups.quarter_start_date as period,
    groups.is_complete,
    groups.journey_stage as group_code,
    coalesce(dim.journey_stage_name, groups.journey_stage) as group_name,
    groups.answer_count as base,
    groups.nps as value,
    {{ nps_low('promoter_count', 'detractor_count', 'answer_count') }} as low,
    {{ nps_high('promoter_count', 'detractor_count', 'answer_count') }} as high,
    groups.nps_change as change,
    groups.adjusted_p_value as p_value,
    count(*) over (partition by groups.survey_type) as group_count
from marts.mart_nps_change_by_stage_quarterly as groups
left join star.dim_journey_stages as dim on groups.journey_stage = dim.journey_stage
where
    groups.answer_count > 0
    and groups.quarter_start_date = (
        select coalesce(max(quarter_start_date) filter (where is_complete), max(quarter_start_date))
        from marts.mart_nps_change_quarterly
        where answer_count > 0
    )
qualify row_number() over (partition by groups.survey_type order by groups.answer_count desc, groups.journey_stage) <= $most_groups
order by groups.survey_type, dim.stage_order nulls last
