-- One row per survey type, quarter, segment (the largest ones) and journey stage, and their totals ('all'): NPS.
{% from 'scores.sql' import nps, nps_low, nps_high %}
with

segments as (
    select segment
    from marts.mart_nps_by_segment_stage_quarterly
    group by segment
    order by sum(answer_count) desc, segment
    limit $most_groups
),

sums as (
    select
        scores.survey_type,
        scores.quarter_start_date,
        coalesce(scores.segment, 'all') as segment,
        coalesce(scores.journey_stage, 'all') as stage,
        grouping(scores.segment) as is_all_segment,
        grouping(scores.journey_stage) as is_all_stage,
        bool_and(scores.is_complete) as is_complete,
        sum(scores.promoter_count) as promoters,
        sum(scores.detractor_count) as detractors,
        sum(scores.answer_count) as base
    from marts.mart_nps_by_segment_stage_quarterly as scores
    where scores.quarter_start_date > (
        select max(quarter_start_date) - to_months(3 * $most_periods) from marts.mart_nps_by_segment_stage_quarterly
    )
    group by
        scores.survey_type,
        scores.quarter_start_date,
        grouping sets (
            (scores.segment, scores.journey_stage), (scores.segment), (scores.journey_stage), ()
        )
)

select
    sums.survey_type as kind,
    sums.quarter_start_date as period,
    sums.segment,
    segment_names.segment_name,
    sums.stage,
    stage_names.journey_stage_name as stage_name,
    sums.is_all_segment,
    sums.is_all_stage,
    sums.is_complete,
    sums.base,
    {{ nps('promoters', 'detractors', 'base') }} as value,
    {{ nps_low('promoters', 'detractors', 'base') }} as low,
    {{ nps_high('promoters', 'detractors', 'base') }} as high
from sums
left join star.dim_segments as segment_names on sums.segment = segment_names.segment
left join star.dim_journey_stages as stage_names on sums.stage = stage_names.journey_stage
where sums.base >= $minimum_base and (sums.is_all_segment = 1 or sums.segment in (select segment from segments))
order by kind, sums.is_all_stage desc, stage_names.stage_order nulls last, sums.is_all_segment desc, sums.segment, period
