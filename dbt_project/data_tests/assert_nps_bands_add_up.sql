-- A failing row is a survey whose promoters, passives and detractors are not its valid
-- NPS answers, or whose values do not sum to promoters minus detractors; or whose
-- answers to other questions have a band.
{{ config(meta={'dagster': {'ref': {'name': 'fct_survey_answers'}}}) }}
with

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

counted as (

    select
        survey_key,
        count(*) filter (
            where
            metric = 'nps'
            and scale_min = 0
            and scale_max = 10
            and answer_value between 0 and 10
        ) as valid_answer_count,
        count(nps_band) as banded_count,
        count(*) filter (where nps_band = 'promoter') as promoter_count,
        count(*) filter (where nps_band = 'passive') as passive_count,
        count(*) filter (where nps_band = 'detractor') as detractor_count,
        coalesce(sum(nps_value), 0) as nps_sum
    from answers
    group by survey_key

),

final as (

    select * from counted
    where
        valid_answer_count <> banded_count
        or valid_answer_count <> promoter_count + passive_count + detractor_count
        or nps_sum <> promoter_count - detractor_count

)

select * from final
