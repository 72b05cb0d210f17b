-- One row per month (the last ones), over all surveys: response rate, and how often people are asked again too soon.
{% from 'scores.sql' import share_low, share_high %}
select
    month_start_date as period,
    bool_and(is_complete) as is_complete,
    sum(delivered_count) as base,
    1.0 * sum(responded_count) / sum(delivered_count) as value,
    {{ share_low('sum(responded_count)', 'sum(delivered_count)') }} as low,
    {{ share_high('sum(responded_count)', 'sum(delivered_count)') }} as high,
    sum(ask_count) as ask_count,
    1.0 * sum(repeat_ask_count) / nullif(sum(ask_count), 0) as repeat_ask_rate,
    {{ share_low('sum(repeat_ask_count)', 'sum(ask_count)') }} as repeat_low,
    {{ share_high('sum(repeat_ask_count)', 'sum(ask_count)') }} as repeat_high
from marts.mart_survey_health
where month_start_date > (select max(month_start_date) - to_months($most_periods) from marts.mart_survey_health)
group by month_start_date
having sum(delivered_count) >= $minimum_base
order by month_start_date
