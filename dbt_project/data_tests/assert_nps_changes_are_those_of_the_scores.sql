-- A failing row is a period, survey type and segmentation whose groups do not add up to the
-- answers of mart_nps_by_segment_stage, or whose total is not the change that mart_nps_change
-- divides into mix and rate.
{{ config(meta={'dagster': {'ref': {'name': 'mart_nps_group_change'}}}) }}

with

changes as (

    select * from {{ ref('mart_nps_change') }}

),

group_changes as (

    select * from {{ ref('mart_nps_group_change') }}

),

by_stage as (

    select * from {{ ref('mart_nps_by_segment_stage') }}

),

scored as (

    select
        period_type,
        period_start_date,
        survey_type,
        sum(answer_count) as answer_count,
        sum(nps_sum) as nps_sum

    from by_stage
    group by period_type, period_start_date, survey_type

),

added as (

    select
        period_type,
        period_start_date,
        survey_type,
        segmentation,
        sum(answer_count) as answer_count,
        sum(promoter_count - detractor_count) as nps_sum,
        sum(previous_answer_count) as previous_answer_count

    from group_changes
    group by period_type, period_start_date, survey_type, segmentation

),

totals as (

    select * from group_changes
    where segmentation = 'total'

)

select
    added.*,
    scored.answer_count as score_answer_count,
    scored.nps_sum as score_nps_sum,
    totals.nps_change,
    changes.nps_change as split_nps_change
from added
full join scored
    on added.period_type = scored.period_type
    and added.period_start_date = scored.period_start_date
    and added.survey_type = scored.survey_type
left join totals
    on added.period_type = totals.period_type
    and added.period_start_date = totals.period_start_date
    and added.survey_type = totals.survey_type
left join changes
    on added.period_type = changes.period_type
    and added.period_start_date = changes.period_start_date
    and added.survey_type = changes.survey_type
    and added.segmentation = changes.segmentation
where
    coalesce(added.answer_count, 0) <> coalesce(scored.answer_count, 0)
    or coalesce(added.nps_sum, 0) <> coalesce(scored.nps_sum, 0)
    or added.previous_answer_count <> totals.previous_answer_count
    or (
        added.segmentation <> 'total'
        and changes.answer_count is distinct from totals.answer_count
    )
    or (
        added.segmentation <> 'total'
        and changes.nps_change is distinct from totals.nps_change
    )
