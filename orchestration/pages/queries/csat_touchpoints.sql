-- One row per touchpoint (those with most answers), over the last three complete months, else the last one: share of satisfied answers.
{% from 'scores.sql' import share_low, share_high %}
with

months as (
    select coalesce(max(month_start_date) filter (where is_complete), max(month_start_date)) as last_month
    from marts.mart_csat_scores
)

select
    scores.touchpoint as group_code,
    coalesce(any_value(dim.touchpoint_name), scores.touchpoint) as group_name,
    bool_and(scores.is_complete) as is_complete,
    sum(scores.answer_count) as base,
    1.0 * sum(scores.satisfied_count) / sum(scores.answer_count) as value,
    {{ share_low('sum(scores.satisfied_count)', 'sum(scores.answer_count)') }} as low,
    {{ share_high('sum(scores.satisfied_count)', 'sum(scores.answer_count)') }} as high,
    count(*) over () as group_count
from marts.mart_csat_scores as scores
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
