-- One row per survey type and month (the last ones): share of satisfied answers.
select
    survey_type,
    month_start_date as period,
    is_complete,
    answer_count as base,
    csat_rate as value,
    csat_rate_low as low,
    csat_rate_high as high
from marts.mart_csat_scores_total
where
    month_start_date > (select max(month_start_date) - to_months($most_periods) from marts.mart_csat_scores_total)
    and answer_count >= $minimum_base
order by survey_type, month_start_date
