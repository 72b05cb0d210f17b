{# Elapsed time between two UTC times, to two digits. An engine's own difference may count the boundaries crossed. #}

{% macro hours_between(earlier, later) -%}
    cast(round((epoch({{ later }}) - epoch({{ earlier }})) / 3600, 2) as decimal(18, 2))
{%- endmacro %}

{% macro minutes_between(earlier, later) -%}
    cast(round((epoch({{ later }}) - epoch({{ earlier }})) / 60, 2) as decimal(18, 2))
{%- endmacro %}
