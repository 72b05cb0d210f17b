{# What goods cost by the deployment's assumed margin rate; null where it sets none. #}
{% macro assumed_cost(net_amount) -%}
    {%- set rate = var('assumed_margin_rate') -%}
    {%- if rate is none -%}
        cast(null as decimal(18, 2))
    {%- else -%}
        cast(round({{ net_amount }} * (1 - {{ rate }}), 2) as decimal(18, 2))
    {%- endif -%}
{%- endmacro %}
