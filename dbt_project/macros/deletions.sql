{#
    Deleted records, derived from the landing: int_records__deleted holds the deletions for all doors. A system shows a
    deletion in one of two ways: the record is missing from a table that is delivered whole every night (`snapshot` in
    the deployment), or its staging model gives `deleted_at`.
#}

{# The versions in `relation` of records that their systems still have, as the CTE `living`. #}
{% macro living(relation, entity) -%}
gone as (

    select
        system,
        source_id
    from {{ ref('int_records__deleted') }}
    where
        entity = '{{ entity }}'
        and is_deleted
    group by system, source_id

),

living as (

    select {{ relation }}.*
    from {{ relation }}
    left join gone
        on {{ relation }}.system = gone.system
        and {{ relation }}.source_id = gone.source_id
    where gone.source_id is null

)
{%- endmacro %}

{# The tables that are delivered whole every night, and the entities that they deliver. #}
{% macro snapshot_tables() -%}
{%- for snapshot in var('snapshots') %}
    select
        '{{ snapshot.entity }}' as entity,
        '{{ snapshot.system }}' as system,
        '{{ snapshot.table }}' as table_name
    {%- if not loop.last %}

    union all
    {% endif %}
{%- else %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as table_name
    where false
{%- endfor %}
{%- endmacro %}

{# The records in each landed snapshot. #}
{% macro snapshot_records() -%}
{%- set pairs = [] -%}
{%- for snapshot in var('snapshots') if (snapshot.entity, snapshot.system) not in pairs -%}
    {%- do pairs.append((snapshot.entity, snapshot.system)) -%}
{%- endfor -%}
{%- for entity, system in pairs %}
    select
        '{{ entity }}' as entity,
        '{{ system }}' as system,
        source_id,
        _load_date as load_date
    from {{ ref('stg_' ~ system ~ '__' ~ entity) }}
    group by source_id, _load_date
    {%- if not loop.last %}

    union all
    {% endif %}
{%- else %}
    {{ no_records() }}
{%- endfor %}
{%- endmacro %}

{# The rejected records of each snapshot, from the CTE `quarantined`; a row without a key belongs to no record. #}
{% macro rejected_records() -%}
{%- for snapshot in var('snapshots') %}
    select
        '{{ snapshot.entity }}' as entity,
        '{{ snapshot.system }}' as system,
        {% for column in var('keys')[snapshot.system ~ '__' ~ snapshot.table] -%}
        {{ json_text('rejected_record', column) }}{{ " || '-' || " if not loop.last }}
        {%- endfor %} as source_id,
        load_date
    from quarantined
    where
        system = '{{ snapshot.system }}'
        and table_name = '{{ snapshot.table }}'
    {%- if not loop.last %}

    union all
    {% endif %}
{%- else %}
    {{ no_records() }}
{%- endfor %}
{%- endmacro %}

{% macro no_records() -%}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as source_id,
        cast(null as date) as load_date
    where false
{%- endmacro %}

{# Every version of the records that their system has marked as deleted at some time. #}
{% macro marked_records() -%}
{%- for entity, system in staged_entities() %}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] %}
    {%- if 'deleted_at' in names %}
    select
        '{{ entity }}' as entity,
        '{{ system }}' as system,
        source_id,
        cast(deleted_at as timestamp) as deleted_at,
        {{ 'updated_at' if 'updated_at' in names else 'cast(null as timestamp) as updated_at' }},
        _load_date,
        _source_file,
        _source_row
    from {{ relation }}
    where source_id in (select source_id from {{ relation }} where deleted_at is not null)

    union all
    {% endif %}
{%- endfor %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as source_id,
        cast(null as timestamp) as deleted_at,
        cast(null as timestamp) as updated_at,
        cast(null as date) as _load_date,
        cast(null as varchar) as _source_file,
        cast(null as bigint) as _source_row
    where false
{%- endmacro %}

{#
    The deleted records of the entities that become facts, with the amount that their latest version held; a record
    that becomes a member of a dimension stays in it. `outcomes`: as in quality_entity_reconciliation.
#}
{% macro deleted_records(outcomes) -%}
{%- set deletions = ref('int_records__deleted') -%}
{%- for entity, system in staged_entities() if outcomes[entity].star.startswith('fct_') %}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] %}
    {%- set is_snapshot = var('snapshots') | selectattr('entity', 'equalto', entity) | selectattr('system', 'equalto', system) | list %}
    {%- if is_snapshot or 'deleted_at' in names %}
    select
        gone.entity,
        gone.system,
        gone.source_id,
        {{ latest_value(outcomes[entity].door_amount, names) }} as amount
    from {{ deletions }} as gone
    inner join {{ relation }} as staged
        on gone.source_id = staged.source_id
    where
        gone.entity = '{{ entity }}'
        and gone.system = '{{ system }}'
        and gone.is_deleted
    group by gone.entity, gone.system, gone.source_id

    union all
    {% endif %}
{%- endfor %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as source_id,
        cast(null as decimal(18, 2)) as amount
    where false
{%- endmacro %}

{# A value in the latest version of a record; the order is that of `latest_record`. #}
{% macro latest_value(column, names) -%}
    {%- if column in names -%}
    cast(
            arg_max(coalesce({{ column }}, 0), (
                {%- if 'updated_at' in names %}coalesce(updated_at, timestamp '-infinity'), {% endif -%}
                _load_date, _source_file, _source_row
            )) as decimal(18, 2)
        )
    {%- else -%}
    cast(null as decimal(18, 2))
    {%- endif -%}
{%- endmacro %}
