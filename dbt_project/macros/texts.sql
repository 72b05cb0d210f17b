{# Values within texts. #}

{# The numbers in a text such as [1967, 1970], one row each; a text without numbers gives no row. #}
{% macro numbers_in(column) -%}
    unnest(regexp_extract_all(cast({{ column }} as varchar), '[0-9]+'))
{%- endmacro %}

{# The whole number that a text is; null where it is none. #}
{% macro whole_number(column) -%}
    case
            when regexp_full_match(trim(cast({{ column }} as varchar)), '[+-]?[0-9]+([.]0+)?')
                then try_cast({{ column }} as integer)
        end
{%- endmacro %}

{# The first part of a text that matches a pattern, or of it the part in brackets; null without a match. #}
{% macro part_of_text(column, pattern, group=0) -%}
    nullif(regexp_extract(cast({{ column }} as varchar), '{{ pattern }}', {{ group }}), '')
{%- endmacro %}
