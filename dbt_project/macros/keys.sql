{# The hash of a natural key. Nulls are wrapped first, so that ('a', null) and (null, 'a') differ. #}
{% macro surrogate_key(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(cast({{ column }} as varchar), '<null>')
        {%- if not loop.last %} || '|' ||{% endif %}
        {%- endfor %}
    )
{%- endmacro %}

{# The key of the unknown member that every dimension holds: facts never hold a null key. #}
{% macro unknown_key() -%}
    md5('unknown')
{%- endmacro %}

{# The id of a record in its system, built from the key that the deployment declares for the table. #}
{% macro record_key(system, table, alias=none) -%}
    {%- set prefix = alias ~ '.' if alias else '' -%}
    {%- for column in var('keys')[system ~ '__' ~ table] -%}
        cast({{ prefix }}{{ column }} as varchar){% if not loop.last %} || '-' || {% endif %}
    {%- endfor -%}
{%- endmacro %}
