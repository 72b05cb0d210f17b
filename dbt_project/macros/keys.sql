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

{# The key of the member for a value that cannot exist, such as the touchpoint of a relational survey. #}
{% macro not_applicable_key() -%}
    md5('not_applicable')
{%- endmacro %}
