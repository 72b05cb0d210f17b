-- One row per survey type and month (the last ones): share of answers at or above expectations.
select
    survey_type,
    month_start_date as period,
    is_complete,
    answer_count as base,
    met_or_exceeded_rate as value,
    met_or_exceeded_rate_low as low,
    met_or_exceeded_rate_high as high
from marts.mart_expectation_scores_total
where
    month_start_date > (select max(month_start_date) - to_months($most_periods) from marts.mart_expectation_scores_total)
    and answer_count >= $minimum_base
order by survey_type, month_start_date
