{# A ratio of two sums, null where there is nothing to divide by. #}
{% macro rate(numerator, denominator) -%}
    cast({{ numerator }} / nullif(cast({{ denominator }} as double), 0) as decimal(18, 6))
{%- endmacro %}

{#
    (expected - actual) / actual: below 0 a forecast was too low; null if nothing came. Its 95 % limits are those of the
    chance in single customers, from the sum of their squared errors.
#}
{% macro relative_error(expected, actual) -%}
    {{ expected }} / nullif(cast({{ actual }} as double), 0) - 1
{%- endmacro %}

{% macro relative_error_low(expected, actual, squared_errors) -%}
    {{ relative_error(expected, actual) }} - {{ z_95() }} * sqrt({{ squared_errors }}) / abs(nullif({{ actual }}, 0))
{%- endmacro %}

{% macro relative_error_high(expected, actual, squared_errors) -%}
    {{ relative_error(expected, actual) }} + {{ z_95() }} * sqrt({{ squared_errors }}) / abs(nullif({{ actual }}, 0))
{%- endmacro %}

{# Calendar days from one date to another. #}
{% macro days_between(from_date, to_date) -%}
    date_diff('day', {{ from_date }}, {{ to_date }})
{%- endmacro %}

{# Calendar months from the month of one date to the month of another. #}
{% macro months_between(from_date, to_date) -%}
    date_diff('month', {{ from_date }}, {{ to_date }})
{%- endmacro %}

{# The months of a period of at least 28 days: 28 to 31 days are one, 365 are twelve. #}
{% macro whole_months(period_days) -%}
    cast(round({{ period_days }} * 12 / 365.25) as integer)
{%- endmacro %}

{# The same, 0 for a period that is shorter than a month. #}
{% macro billed_months(period_days) -%}
    case when {{ period_days }} < 28 then 0 else {{ whole_months(period_days) }} end
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
