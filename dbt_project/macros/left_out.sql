{#
    Records that have landed and are in no figure: int_records__left_out names them, and their doors leave them out.

    dated_ahead: the time of the record lies at or after the as-of moment; it is left out until its day.
    incomplete: its latest version lacks a value that the door requires.
    other_currency: its amounts must not be added to those in the currency of the deployment.
#}

{# When the records of an entity happen; entities that are not listed have no such time. #}
{% macro happened_at() -%}
    {{ return({
        'acquisitions': 'acquired_at',
        'cases': 'opened_at',
        'interactions': 'occurred_at',
        'orders': 'ordered_at',
        'payments': 'paid_at',
        'refunds': 'refunded_at',
        'subscriptions': 'started_at',
        'survey_answers': 'answered_at',
        'survey_invitations': 'sent_at',
    }) }}
{%- endmacro %}

{# Entities whose records are left out with their order. #}
{% macro parts_of_orders() -%}
    {{ return(['order_lines', 'payments', 'refunds']) }}
{%- endmacro %}

{# Times that say what is planned: they may lie ahead. #}
{% macro planned_times() -%}
    {{ return(['promised_at', 'ends_at']) }}
{%- endmacro %}

{# The columns that the door of an entity requires in every record, beside its id and its place in the landing. #}
{% macro required_columns(entity) -%}
    {%- set required = [] -%}
    {%- for door in (graph.nodes.values() if execute else []) if door.name == 'int_' ~ entity ~ '__unioned' -%}
        {%- for column in door.columns.values() if column.constraints and not column.name.startswith('_') -%}
            {%- do required.append(column.name) if column.name not in ('system', 'source_id') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(required) }}
{%- endmacro %}

{# The as-of moment, as the CTE `as_of` with the column `as_of_at`. #}
{% macro as_of_moment() -%}
as_of as (

    select {{ start_of_day('as_of_date') }} as as_of_at
    from {{ ref('int_as_of') }}

)
{%- endmacro %}

{# A time of a record, null until the as-of moment has passed it; needs `as_of_at`. #}
{% macro known_time(column) -%}
    case when cast({{ column }} as timestamp) < as_of_at then cast({{ column }} as timestamp) end
{%- endmacro %}

{#
    The versions of each record that may be left out, from the CTE `as_of`: one of them is dated ahead, in another currency,
    incomplete, or belongs to an order of the CTE `parent`.
#}
{% macro versions_to_leave_out(entities, parent=none) -%}
{%- for entity, system in staged_entities() if entity in entities %}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] %}
    {%- set happened = happened_at().get(entity) %}
    {%- set happened = happened if happened in names else none %}
    {%- set is_foreign = "currency <> '" ~ var('currency') ~ "'" if 'currency' in names else 'false' %}
    {%- set lacks = [] %}
    {%- for column in required_columns(entity) if column in names %}
        {%- do lacks.append(cx360.delivered_value(column) ~ ' is null') %}
    {%- endfor %}
    {%- set is_incomplete = lacks | join(' or ') if lacks else 'false' %}
    {%- set has_parent = parent and 'order_source_id' in names %}
    {%- set updated = 'updated_at' if 'updated_at' in names else 'cast(null as timestamp)' %}
    select
        '{{ entity }}' as entity,
        '{{ system }}' as system,
        {{ record_id('source_id') }} as source_id,
        {{ reference_id('order_source_id') if has_parent else 'cast(null as varchar)' }} as order_source_id,
        {{ 'cast(' ~ happened ~ ' as timestamp)' if happened else 'cast(null as timestamp)' }} as happened_at,
        coalesce({{ is_foreign }}, false) as is_foreign,
        ({{ is_incomplete }}) as is_incomplete,
        {{ known_time(updated) }} as updated_at,
        _load_date,
        _source_file,
        _source_row
    from {{ relation }}
    cross join as_of
    where {{ record_id('source_id') }} in (
        select {{ record_id('source_id') }}
        from {{ relation }}
        cross join as_of
        where
            {{ is_incomplete }}
            {%- if happened %}
            or {{ happened }} >= as_of.as_of_at
            {%- endif %}
            {%- if is_foreign != 'false' %}
            or {{ is_foreign }}
            {%- endif %}
            {%- if has_parent %}
            or {{ reference_id('order_source_id') }} in (
                select {{ parent }}.source_id
                from {{ parent }}
                where {{ parent }}.system = '{{ system }}'
            )
            {%- endif %}
    )

    union all
    {% endfor %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as source_id,
        cast(null as varchar) as order_source_id,
        cast(null as timestamp) as happened_at,
        cast(null as boolean) as is_foreign,
        cast(null as boolean) as is_incomplete,
        cast(null as timestamp) as updated_at,
        cast(null as date) as _load_date,
        cast(null as varchar) as _source_file,
        cast(null as bigint) as _source_row
    where false
{%- endmacro %}
