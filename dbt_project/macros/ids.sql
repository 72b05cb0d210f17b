{#
    Ids of records. Systems write one id in several ways: 77 and 77.0, a GUID in capitals or in braces, blanks around it.
    Every id passes these macros: the parts of a key in `record_key`, all other ids at the doors.
    Nothing else is merged: leading zeros, upper and lower case, prefixes are significant.
#}

{# One id as text: without surrounding blanks and invisible characters, a whole number without decimals, a GUID in lower case. #}
{% macro record_id(column) -%}
    {%- set text -%}
        nfc_normalize(regexp_replace(cast({{ column }} as varchar), '^[\p{Z}\p{C}]+|[\p{Z}\p{C}]+$', '', 'g'))
    {%- endset -%}
    case
            when regexp_full_match({{ text }}, '[{(]?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}[)}]?')
                then lower(trim({{ text }}, '{}()'))
            else regexp_replace({{ text }}, '^(0|-?[1-9][0-9]*)\.0+$', '\1')
        end
{%- endmacro %}

{# The id of another record; null where the text is blank or a missing float. #}
{% macro reference_id(column) -%}
    nullif(nullif({{ record_id(column) }}, ''), 'nan')
{%- endmacro %}

{# An id that several systems share, with the name of its system in front: crm:77. Null where no id follows. #}
{% macro external_id(column) -%}
    case
            when strpos({{ column }}, ':') > 0
                then trim(split_part({{ column }}, ':', 1)) || ':'
                    || {{ reference_id("substr(" ~ column ~ ", strpos(" ~ column ~ ", ':') + 1)") }}
            else {{ reference_id(column) }}
        end
{%- endmacro %}

{#
    The id of a record in its system, built from the key that the deployment declares for the table. A staging model names
    its table alone; any other model names the system first: record_key('shop', 'orders').
#}
{% macro record_key(table, alias=none, alias_of_any=none) -%}
    {%- set has_system = var('keys').get(table ~ '__' ~ alias) is not none -%}
    {%- set key = var('keys')[table ~ '__' ~ alias if has_system else this_system() ~ '__' ~ table] -%}
    {%- set alias = alias_of_any if has_system else alias -%}
    {%- set prefix = alias ~ '.' if alias else '' -%}
    {%- for column in (['_load_date', '_source_file'] + key if key == ['_source_row'] else key) -%}
        {{ record_id(prefix ~ adapter.quote(column)) }}{% if not loop.last %} || '-' || {% endif %}
    {%- endfor -%}
{%- endmacro %}
