-- A failing row is a month, segment and lifecycle stage whose figures differ between
-- mart_lifecycle_overview and the mart that they are known from.
{%- set rates = [
    'logo_retention_rate',
    'gross_revenue_retention_rate',
    'net_revenue_retention_rate',
] -%}
{{ config(meta={'dagster': {'ref': {'name': 'mart_lifecycle_overview'}}}) }}
with

overview as (

    select * from {{ ref('mart_lifecycle_overview') }}

),

overview_scores as (

    select * from overview
    where nps_answer_count > 0

),

overview_bases as (

    select * from overview
    where base_customer_count > 0

),

overview_values as (

    select * from overview
    where forecast_count > 0

),

nps as (

    select * from {{ ref('mart_nps_by_segment_lifecycle') }}
    where answer_count > 0

),

retention as (

    select * from {{ ref('mart_retention_by_segment_stage') }}
    where base_customer_count > 0

),

residual_values as (

    select
        segment,
        lifecycle_stage,
        sum(forecast_count) as forecast_count,
        sum(residual_value_amount) as residual_value_amount
    from {{ ref('mart_clv_by_segment_stage') }}
    group by segment, lifecycle_stage
    having sum(forecast_count) > 0

)

select
    'nps' as figure,
    coalesce(overview_scores.month_start_date, nps.month_start_date)
        as month_start_date,
    coalesce(overview_scores.segment, nps.segment) as segment,
    coalesce(overview_scores.lifecycle_stage, nps.lifecycle_stage) as lifecycle_stage
from overview_scores
full join nps
    on overview_scores.month_start_date = nps.month_start_date
    and overview_scores.segment = nps.segment
    and overview_scores.lifecycle_stage = nps.lifecycle_stage
where
    overview_scores.nps_answer_count is distinct from nps.answer_count
    or overview_scores.nps is distinct from nps.nps
    or overview_scores.nps_low is distinct from nps.nps_low
    or overview_scores.nps_high is distinct from nps.nps_high

union all

select
    'retention' as figure,
    coalesce(overview_bases.month_start_date, retention.month_start_date)
        as month_start_date,
    coalesce(overview_bases.segment, retention.segment) as segment,
    coalesce(overview_bases.lifecycle_stage, retention.lifecycle_stage)
        as lifecycle_stage
from overview_bases
full join retention
    on overview_bases.month_start_date = retention.month_start_date
    and overview_bases.segment = retention.segment
    and overview_bases.lifecycle_stage = retention.lifecycle_stage
where
    {% for rate in rates -%}
        {% for end in ['', '_low', '_high'] -%}
            overview_bases.{{ rate }}{{ end }}
            is distinct from retention.{{ rate }}{{ end }}
            or
        {% endfor -%}
    {% endfor -%}
    overview_bases.base_customer_count is distinct from retention.base_customer_count

union all

select
    'value' as figure,
    overview_values.month_start_date,
    coalesce(overview_values.segment, residual_values.segment) as segment,
    coalesce(overview_values.lifecycle_stage, residual_values.lifecycle_stage)
        as lifecycle_stage
from overview_values
full join residual_values
    on overview_values.segment = residual_values.segment
    and overview_values.lifecycle_stage = residual_values.lifecycle_stage
where
    overview_values.forecast_count is distinct from residual_values.forecast_count
    or overview_values.residual_value_amount
    is distinct from residual_values.residual_value_amount
