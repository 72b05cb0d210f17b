{# A ratio of two sums, null where there is nothing to divide by. #}
{% macro rate(numerator, denominator) -%}
    cast({{ numerator }} / nullif(cast({{ denominator }} as double), 0) as decimal(18, 6))
{%- endmacro %}

{# Calendar days from one date to another. #}
{% macro days_between(from_date, to_date) -%}
    date_diff('day', {{ from_date }}, {{ to_date }})
{%- endmacro %}

{# Calendar months from the month of one date to the month of another. #}
{% macro months_between(from_date, to_date) -%}
    date_diff('month', {{ from_date }}, {{ to_date }})
{%- endmacro %}

{# The values of a column in a group, as one text with commas, in the order of the alphabet. #}
{% macro listed(column) -%}
    string_agg({{ column }}, ', ' order by {{ column }})
{%- endmacro %}

{# A delivered amount with a decimal comma and no thousands separator, as a number. #}
{% macro amount_with_comma(column) -%}
    cast(replace({{ column }}, ',', '.') as decimal(18, 2))
{%- endmacro %}

{# The digits of a text, without everything between them. #}
{% macro digits(column) -%}
    regexp_replace({{ column }}, '[^0-9]', '', 'g')
{%- endmacro %}
