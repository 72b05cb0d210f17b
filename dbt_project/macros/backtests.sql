{#
    Past days at which the models are fitted again and held against what came (mart_forecast_accuracy): name and days
    before the as-of date. A forecast needs at least a quarter of history before it.
#}
{% macro backtest_lengths() -%}
lengths as (

    select
        'year_ago' as cut_off,
        365 as outcome_days

    union all

    select
        'half_year_ago' as cut_off,
        182 as outcome_days

    union all

    select
        'quarter_ago' as cut_off,
        91 as outcome_days

)
{%- endmacro %}
