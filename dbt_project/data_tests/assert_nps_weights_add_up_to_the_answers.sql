-- A failing row is a month and survey type whose weights do not sum to its answers, whose
-- strata miss an active customer, or whose weighted and left out answers are not all
-- counted answers.
{{ config(meta={'dagster': {'ref': {'name': 'mart_nps_weighted'}}}) }}

with

weighted as (

    select * from {{ ref('mart_nps_weighted') }}

),

by_stage as (

    select * from {{ ref('mart_nps_by_segment_stage') }}

),

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

active as (

    select
        month_start_date,
        count(*) as customer_count

    from customer_months
    where is_active
    group by month_start_date

),

counted as (

    select
        month_start_date,
        survey_type,
        sum(answer_count) as answer_count

    from by_stage
    group by month_start_date, survey_type

)

select
    weighted.month_start_date,
    weighted.survey_type,
    weighted.weight_sum,
    weighted.answer_count,
    counted.answer_count as counted_count,
    active.customer_count
from weighted
left join active
    on weighted.month_start_date = active.month_start_date
left join counted
    on weighted.month_start_date = counted.month_start_date
    and weighted.survey_type = counted.survey_type
where
    abs(weighted.weight_sum - weighted.answer_count) > 0.000001
    or weighted.active_customer_count <> coalesce(active.customer_count, 0)
    or weighted.answer_count + weighted.outside_count
    is distinct from counted.answer_count
