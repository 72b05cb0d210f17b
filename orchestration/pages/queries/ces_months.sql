-- One row per survey type and month (the last ones): mean ease on 1 to 7.
select
    survey_type,
    month_start_date as period,
    is_complete,
    answer_count as base,
    ces_mean as value,
    ces_mean_low as low,
    ces_mean_high as high
from marts.mart_ces_scores_total
where
    month_start_date > (select max(month_start_date) - to_months($most_periods) from marts.mart_ces_scores_total)
    and answer_count >= $minimum_base
order by survey_type, month_start_date
