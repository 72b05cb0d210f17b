{# An e-mail address as people mean it: without case and surrounding space; null where it cannot be one. #}
{% macro normalised_email(column) -%}
    case
        when lower(trim({{ column }})) like '%_@_%._%' then lower(trim({{ column }}))
    end
{%- endmacro %}

{#
    A phone number as +<country><number>: digits only, 00 read as +, one leading 0 as the deployment's country.
    Null below eight digits: extensions and placeholders identify nobody.
#}
{% macro normalised_phone(column) -%}
    {%- set digits = "regexp_replace(" ~ column ~ ", '[^0-9]', '', 'g')" -%}
    case
        when length({{ digits }}) < 8 then null
        when trim({{ column }}) like '+%' then '+' || {{ digits }}
        when {{ digits }} like '00%' then '+' || substr({{ digits }}, 3)
        when {{ digits }} like '0%' then '+{{ var("country_calling_code") }}' || substr({{ digits }}, 2)
        else '+{{ var("country_calling_code") }}' || {{ digits }}
    end
{%- endmacro %}
