{# One value per calendar day, both ends included; for a select list. #}
{% macro day_series(first_date, last_date) -%}
    cast(unnest(generate_series({{ first_date }}, {{ last_date }}, interval 1 day)) as date)
{%- endmacro %}

{# The whole numbers from 1 to a count; for a select list. #}
{% macro number_series(number_count) -%}
    unnest(generate_series(1, {{ number_count }}))
{%- endmacro %}
