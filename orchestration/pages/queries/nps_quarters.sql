-- One row per survey type and calendar quarter (the last ones): NPS, and its change since the quarter before.
{% from 'scores.sql' import nps_low, nps_high %}
select
    survey_type,
    quarter_start_date as period,
    is_complete,
    answer_count as base,
    nps as value,
    {{ nps_low('promoter_count', 'detractor_count', 'answer_count') }} as low,
    {{ nps_high('promoter_count', 'detractor_count', 'answer_count') }} as high,
    nps_change as change,
    adjusted_p_value as p_value,
    segment_mix_change,
    segment_rate_change,
    lifecycle_mix_change,
    lifecycle_rate_change,
    stage_mix_change,
    stage_rate_change
from marts.mart_nps_change_quarterly
where
    quarter_start_date > (
        select max(quarter_start_date) - to_months(3 * $most_periods) from marts.mart_nps_change_quarterly
    )
    and answer_count >= $minimum_base
    and nps is not null
order by survey_type, quarter_start_date
