-- One row per survey (those with most invitations) over the last three complete months: response, load, skipped questions.
{% from 'scores.sql' import share_low, share_high %}
with

months as (
    select coalesce(max(month_start_date) filter (where is_complete), max(month_start_date)) as last_month
    from marts.mart_survey_health
)

select
    health.survey_key as group_code,
    any_value(health.survey_name) as group_name,
    any_value(health.survey_type) as survey_type,
    bool_and(health.is_complete) as is_complete,
    sum(health.delivered_count) as base,
    1.0 * sum(health.responded_count) / sum(health.delivered_count) as value,
    {{ share_low('sum(health.responded_count)', 'sum(health.delivered_count)') }} as low,
    {{ share_high('sum(health.responded_count)', 'sum(health.delivered_count)') }} as high,
    sum(health.invited_count) as invited_count,
    sum(health.skipped_count) / nullif(sum(health.shown_count), 0) as skip_rate,
    sum(health.repeat_ask_count) / nullif(sum(health.ask_count), 0) as repeat_ask_rate,
    count(*) over () as group_count
from marts.mart_survey_health as health
cross join months
where
    health.month_start_date > months.last_month - to_months(3)
    and health.month_start_date <= months.last_month
group by health.survey_key
having sum(health.delivered_count) > 0
qualify row_number() over (order by base desc, health.survey_key) <= $most_groups
order by base desc, health.survey_key
