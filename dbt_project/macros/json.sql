{# Nested JSON, delivered as text. #}

{# The elements of a JSON array, one row each; an empty or missing array gives no row. #}
{% macro json_elements(column) -%}
    unnest(cast({{ column }} as json[]))
{%- endmacro %}

{# One field of a JSON object as text; null where the object lacks it. #}
{% macro json_text(element, field) -%}
    json_extract_string({{ element }}, '$."{{ field }}"')
{%- endmacro %}

{# A text that is a JSON object; null where it is none. #}
{% macro json_object(column) -%}
    case
            when not json_valid({{ column }}) then null
            when json_type({{ column }}) = 'OBJECT' then {{ column }}
        end
{%- endmacro %}

{# Rows that are known when SQL is compiled, as one literal: `attributes` name their texts, null where one has none. #}
{% macro literal_rows(rows, attributes) -%}
    {%- set shape = {} -%}
    {%- for attribute in attributes -%}
        {%- do shape.update({attribute: 'VARCHAR'}) -%}
    {%- endfor -%}
    select unnest(
        from_json('{{ tojson(rows).replace("'", "''") }}', '{{ tojson([shape]) }}'), recursive := true
    )
{%- endmacro %}
