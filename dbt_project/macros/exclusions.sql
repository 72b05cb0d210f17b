{#
    Records that are left out on purpose. A staging model says so itself: it delivers `excluded_reason`, which is null for
    a record that counts. int_records__excluded holds them for all doors.
#}

{# The records whose latest version has a reason, from the CTE `as_of`; a row without an id stands for itself. #}
{% macro declared_exclusions() -%}
{%- for entity, system in staged_entities() %}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = staged_columns(relation) %}
    {%- if 'excluded_reason' in names %}
    select
        '{{ entity }}' as entity,
        '{{ system }}' as system,
        {{ record_or_row() }} as source_id,
        nullif(
            arg_max(coalesce(trim(excluded_reason), ''), {{ landing_order(names) }}), ''
        ) as excluded_reason
    from {{ relation }}
    cross join as_of
    group by {{ record_or_row() }}
    having count(excluded_reason) > 0

    union all
    {% endif %}
{%- endfor %}
    {{ no_exclusions() }}
{%- endmacro %}

{# Lines, payments and refunds of the orders that are left out, from the CTE `marked`. #}
{% macro parts_of_excluded_orders() -%}
{%- for entity, system in staged_entities() %}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = staged_columns(relation) %}
    {%- if leaves_with_its_order(entity, system) and 'order_source_id' in names %}
    select
        '{{ entity }}' as entity,
        '{{ system }}' as system,
        {{ record_or_row('staged') }} as source_id,
        max(marked.excluded_reason) as excluded_reason
    from {{ relation }} as staged
    inner join marked
        on {{ reference_id('staged.order_source_id') }} = marked.source_id
    where
        marked.entity = 'orders'
        and marked.system = '{{ system }}'
        and marked.excluded_reason is not null
    group by {{ record_or_row('staged') }}

    union all
    {% endif %}
{%- endfor %}
    {{ no_exclusions() }}
{%- endmacro %}

{# Whether a record of the entity is left out with its order: the system leaves orders out, and the entity is a part of them. #}
{% macro leaves_with_its_order(entity, system) -%}
    {%- set has_orders = system in var('entities').get('orders', []) -%}
    {%- set of_orders = staged_columns(ref('stg_' ~ system ~ '__orders')) if has_orders else [] -%}
    {{ return(entity in ['order_lines', 'payments', 'refunds'] and 'excluded_reason' in of_orders) }}
{%- endmacro %}

{# The id of a staged record; for a row without one, its file and row. #}
{% macro record_or_row(alias=none) -%}
    {%- set prefix = alias ~ '.' if alias else '' -%}
    coalesce({{ record_id(prefix ~ 'source_id') }}, {{ prefix }}_source_file || ' row ' || {{ prefix }}_source_row)
{%- endmacro %}

{% macro no_exclusions() -%}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as source_id,
        cast(null as varchar) as excluded_reason
    where false
{%- endmacro %}

{# The names of the columns that a staging model delivers; none while dbt parses. #}
{% macro staged_columns(relation) -%}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else []) }}
{%- endmacro %}

{#
    The records that are left out, by reason, with the amounts that their latest versions held. `outcomes`: as in
    quality_entity_reconciliation.
#}
{% macro exclusion_amounts(outcomes) -%}
{%- set on_purpose = ref('int_records__excluded') -%}
{%- for entity, system in staged_entities() %}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = staged_columns(relation) %}
    {%- if 'excluded_reason' in names or leaves_with_its_order(entity, system) %}
    select
        records.entity,
        records.system,
        records.excluded_reason,
        count(*) as record_count,
        {{ 'sum(amounts.amount)' if outcomes[entity].door_amount in names else 'cast(null as decimal(18, 2))' }} as amount
    from {{ on_purpose }} as records
    {%- if outcomes[entity].door_amount in names %}
    left join (
        select
            {{ record_id('source_id') }} as source_id,
            {{ latest_value(outcomes[entity].door_amount, names) }} as amount
        from {{ relation }}
        cross join as_of
        where {{ record_id('source_id') }} in (
            select source_id
            from {{ on_purpose }}
            where
                entity = '{{ entity }}'
                and system = '{{ system }}'
        )
        group by {{ record_id('source_id') }}
    ) as amounts
        on records.source_id = amounts.source_id
    {%- endif %}
    where
        records.entity = '{{ entity }}'
        and records.system = '{{ system }}'
    group by records.entity, records.system, records.excluded_reason

    union all
    {% endif %}
{%- endfor %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as excluded_reason,
        cast(null as bigint) as record_count,
        cast(null as decimal(18, 2)) as amount
    where false
{%- endmacro %}
