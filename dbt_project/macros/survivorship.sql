{# The newest non-null value of a column in a named window. #}
{% macro last_known(column, window) -%}
    last_value({{ column }} ignore nulls) over {{ window }}
{%- endmacro %}

{# The oldest value of a column in a named window that is not `unknown`. #}
{% macro first_known(column, window) -%}
    coalesce(first_value(nullif({{ column }}, 'unknown') ignore nulls) over {{ window }}, 'unknown')
{%- endmacro %}

{#
    The value of an attribute when systems disagree: the newest non-null value of the first system, by the
    deployment's order of systems, that has one. Needs the column `system` and a named window.
#}
{% macro surviving(column, window) -%}
    coalesce(
        {%- for system, _ in var('system_ranks').items() | sort(attribute='1') %}
        {{ last_known("case when system = '" ~ system ~ "' then " ~ column ~ " end", window) }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    )
{%- endmacro %}
