{#
    What a staging model says of its system without naming it, so that the same model serves any system of its kind: the
    folder of the model is the name of the system in its deployment.
#}

{# The name of the system that the model belongs to. #}
{% macro this_system() -%}
    {# the unit test of a model has the name of the model in this place #}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return(model.fqn[2].removeprefix('stg_').rpartition('__')[0]) }}
    {%- endif -%}
    {{ return(model.fqn[2]) }}
{%- endmacro %}

{# A landed table of the system. #}
{% macro landed(table) -%}
    {{ source(this_system(), this_system() ~ '__' ~ table) }}
{%- endmacro %}

{# The system of a record that a row refers to; null where the row refers to none. #}
{% macro system_of(system, reference) -%}
    case when {{ reference }} is not null then '{{ system }}' end
{%- endmacro %}
