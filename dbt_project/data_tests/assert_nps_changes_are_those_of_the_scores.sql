-- A failing row is a period and survey type whose change differs between segmentations,
-- or whose answers are not those of mart_nps_by_segment_stage.
{{ config(meta={'dagster': {'ref': {'name': 'mart_nps_change'}}}) }}

with

changes as (

    select * from {{ ref('mart_nps_change') }}

),

by_stage as (

    select * from {{ ref('mart_nps_by_segment_stage') }}

),

compared as (

    select
        period_type,
        period_start_date,
        survey_type,
        min(answer_count) as fewest_answers,
        max(answer_count) as most_answers,
        max(promoter_count - detractor_count) as nps_sum,
        coalesce(max(nps_change) - min(nps_change), 0) as disagreement

    from changes
    group by period_type, period_start_date, survey_type

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

)

select
    compared.*,
    scored.answer_count,
    scored.nps_sum as score_nps_sum
from compared
full join scored
    on compared.period_type = scored.period_type
    and compared.period_start_date = scored.period_start_date
    and compared.survey_type = scored.survey_type
where
    compared.disagreement <> 0
    or coalesce(compared.fewest_answers, 0) <> coalesce(scored.answer_count, 0)
    or coalesce(compared.most_answers, 0) <> coalesce(scored.answer_count, 0)
    or coalesce(compared.nps_sum, 0) <> coalesce(scored.nps_sum, 0)
