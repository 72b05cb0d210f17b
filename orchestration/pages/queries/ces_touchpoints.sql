-- One row per touchpoint (those with most answers), over the last three complete months, else the last one: mean ease on 1 to 7.
{% from 'scores.sql' import mean_low, mean_high %}
with

months as (
    select coalesce(max(month_start_date) filter (where is_complete), max(month_start_date)) as last_month
    from marts.mart_ces_scores
)

select
    scores.touchpoint as group_code,
    coalesce(any_value(dim.touchpoint_name), scores.touchpoint) as group_name,
    bool_and(scores.is_complete) as is_complete,
    sum(scores.answer_count) as base,
    1.0 * sum(scores.ces_sum) / sum(scores.answer_count) as value,
    {{ mean_low('sum(scores.ces_sum)', 'sum(scores.ces_square_sum)', 'sum(scores.answer_count)', 1, 7) }} as low,
    {{ mean_high('sum(scores.ces_sum)', 'sum(scores.ces_square_sum)', 'sum(scores.answer_count)', 1, 7) }} as high,
    count(*) over () as group_count
from marts.mart_ces_scores as scores
cross join months
left join star.dim_touchpoints as dim on scores.touchpoint = dim.touchpoint
left join star.dim_journey_stages as stages on dim.journey_stage = stages.journey_stage
where
    scores.survey_type = 'transactional'
    and scores.month_start_date > months.last_month - to_months(3)
    and scores.month_start_date <= months.last_month
group by scores.touchpoint
having sum(scores.answer_count) > 0
qualify row_number() over (order by base desc, scores.touchpoint) <= $most_groups
order by any_value(stages.stage_order) nulls last, scores.touchpoint
