{#
    Deleted records, derived from the landing: int_records__deleted holds the deletions for all doors. A system shows a
    deletion in one of three ways: the record is missing from a table that is delivered whole every night (`snapshot` in
    the deployment), it is missing from a later delivery of its parent (`whole_per`), or its staging model gives
    `deleted_at`.
#}

{#
    The versions in `relation` of records that their systems still have and that are not left out, as the CTE `living`.
    `keep_deleted`: deleted records stay.
#}
{% macro living(relation, entity, keep_deleted=false) -%}
gone as (
    {% if not keep_deleted %}
    select
        system,
        source_id
    from {{ ref('int_records__deleted') }}
    where
        entity = '{{ entity }}'
        and is_deleted

    union all
    {% endif %}
    select
        system,
        source_id
    from {{ ref('int_records__excluded') }}
    where entity = '{{ entity }}'

    union all

    select
        system,
        source_id
    from {{ ref('int_records__left_out') }}
    where entity = '{{ entity }}'

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
        {{ record_id('source_id') }} as source_id,
        _load_date as load_date
    from {{ ref('stg_' ~ system ~ '__' ~ entity) }}
    group by {{ record_id('source_id') }}, _load_date
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
        {{ joined_json(var('keys')[snapshot.system ~ '__' ~ snapshot.table]) }} as source_id,
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

{#
    The tables whose rows come whole with their parent (`whole_per`): every landed row of a parent that was delivered on
    more than one load date, as the records that staging makes of it. Parents that came once are left out, because they
    prove no deletion. Reads the CTE `quarantined`.
#}
{% macro whole_records() -%}
{%- for whole in var('whole_per') %}
    {%- set name = whole.system ~ '__' ~ whole.table %}
    {%- set landed = source(whole.system, name) %}
    select
        '{{ whole.entity }}' as entity,
        '{{ whole.system }}' as system,
        landed.parent_id,
        landed.row_id,
        {{ record_id('staged.source_id') }} as source_id,
        landed._load_date as load_date
    from (
        select
            {{ joined_text(whole.columns) }} as parent_id,
            {{ record_key(whole.system, whole.table) }} as row_id,
            _load_date,
            _source_file,
            _source_row
        from {{ landed }}
    ) as landed
    inner join {{ ref('stg_' ~ whole.system ~ '__' ~ whole.entity) }} as staged
        on landed._load_date = staged._load_date
        and landed._source_file = staged._source_file
        and landed._source_row = staged._source_row
    where landed.parent_id in (
        select parent_id
        from (
            select
                {{ joined_text(whole.columns) }} as parent_id,
                _load_date
            from {{ landed }}

            union

            select
                {{ joined_json(whole.columns) }} as parent_id,
                load_date
            from quarantined
            where
                system = '{{ whole.system }}'
                and table_name = '{{ whole.table }}'
        ) as deliveries
        group by parent_id
        having count(*) > 1
    )
    group by landed.parent_id, landed.row_id, {{ record_id('staged.source_id') }}, landed._load_date
    {%- if not loop.last %}

    union all
    {% endif %}
{%- else %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as row_id,
        cast(null as varchar) as source_id,
        cast(null as date) as load_date
    where false
{%- endfor %}
{%- endmacro %}

{# The rejected rows of those tables, from the CTE `quarantined`; ids are null where a row does not show them. #}
{% macro rejected_rows() -%}
{%- for whole in var('whole_per') %}
    select
        '{{ whole.entity }}' as entity,
        '{{ whole.system }}' as system,
        {{ joined_json(whole.columns) }} as parent_id,
        {{ joined_json(var('keys')[whole.system ~ '__' ~ whole.table]) }} as row_id,
        load_date
    from quarantined
    where
        system = '{{ whole.system }}'
        and table_name = '{{ whole.table }}'
    {%- if not loop.last %}

    union all
    {% endif %}
{%- else %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as row_id,
        cast(null as date) as load_date
    where false
{%- endfor %}
{%- endmacro %}

{# Delivered columns as one text, as `record_key` writes a key; null if one of them is. #}
{% macro joined_text(columns) -%}
    {% for column in columns -%}
    {{ record_id(adapter.quote(column)) }}{{ " || '-' || " if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The same of a rejected row. #}
{% macro joined_json(columns) -%}
    {% for column in columns -%}
    {{ record_id(json_text('rejected_record', column)) }}{{ " || '-' || " if not loop.last }}
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

{#
    Every version of the records that their system has marked as deleted at some time, from the CTE `as_of`; a deletion that
    is dated ahead is none yet.
#}
{% macro marked_records() -%}
{%- for entity, system in staged_entities() %}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] %}
    {%- if 'deleted_at' in names %}
    select
        '{{ entity }}' as entity,
        '{{ system }}' as system,
        {{ record_id('source_id') }} as source_id,
        {{ known_time('deleted_at') }} as deleted_at,
        {{ known_time('updated_at' if 'updated_at' in names else 'null') }} as updated_at,
        _load_date,
        _source_file,
        _source_row
    from {{ relation }}
    cross join as_of
    where
        {{ record_id('source_id') }} in (
            select {{ record_id('source_id') }} from {{ relation }} where deleted_at is not null
        )

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
    that becomes a member of a dimension stays in it, and one that is left out is counted there. `outcomes`: as in quality_entity_reconciliation.
#}
{% macro deleted_records(outcomes) -%}
{%- set with_marks = [] -%}
{%- for entity, system in staged_entities() if outcomes[entity].star.startswith('fct_') -%}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) -%}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] -%}
    {%- set is_whole = (var('snapshots') + var('whole_per')) | selectattr('entity', 'equalto', entity) | selectattr('system', 'equalto', system) | list -%}
    {%- if is_whole or 'deleted_at' in names -%}
        {%- do with_marks.append((entity, system)) -%}
    {%- endif -%}
{%- endfor -%}
{{ latest_amounts(outcomes, ref('int_records__deleted'), with_marks, 'gone.is_deleted and ' ~ is_no_exclusion(), "'deleted'") }}
{%- endmacro %}

{# The records that are left out and why, with the amount of their latest version. #}
{% macro left_out_records(outcomes) -%}
{%- set pairs = staged_entities() | rejectattr(0, 'equalto', 'customers') | list -%}
{{ latest_amounts(outcomes, ref('int_records__left_out'), pairs, 'true', 'gone.reason') }}
{%- endmacro %}

{# The records of `relation` among the staged ones, with the amount of their latest version, from the CTE `as_of`. #}
{% macro latest_amounts(outcomes, relation, pairs, condition, reason) -%}
{%- for entity, system in pairs %}
    {%- set staged = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = adapter.get_columns_in_relation(staged) | map(attribute='name') | list if execute else [] %}
    select
        gone.entity,
        gone.system,
        gone.source_id,
        {{ reason }} as reason,
        {{ latest_value(outcomes[entity].door_amount, names) }} as amount
    from {{ relation }} as gone
    cross join as_of
    inner join {{ staged }} as staged
        on gone.source_id = {{ record_id('staged.source_id') }}
    where
        gone.entity = '{{ entity }}'
        and gone.system = '{{ system }}'
        and {{ condition }}
    group by gone.entity, gone.system, gone.source_id, {{ reason }}

    union all
    {% endfor %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as source_id,
        cast(null as varchar) as reason,
        cast(null as decimal(18, 2)) as amount
    where false
{%- endmacro %}

{# A value in the latest version of a record. #}
{% macro latest_value(column, names) -%}
    {%- if column in names -%}
    cast(
            arg_max(coalesce(cast({{ column }} as decimal(18, 2)), 0), {{ landing_order(names) }}) as decimal(18, 2)
        )
    {%- else -%}
    cast(null as decimal(18, 2))
    {%- endif -%}
{%- endmacro %}

{# What orders the versions of a record, as a row value: that of `latest_record`. Reads `as_of_at` of the CTE `as_of`. #}
{% macro landing_order(names) -%}
    (
                {%- if 'updated_at' in names %}coalesce({{ known_time('updated_at') }}, timestamp '-infinity'), {% endif -%}
                _load_date, _source_file, _source_row
            )
{%- endmacro %}

{# Whether a record of `gone` is not left out on purpose: it is then counted there. #}
{% macro is_no_exclusion() -%}
    not exists (
            select 1
            from {{ ref('int_records__excluded') }} as exclusions
            where
                exclusions.entity = gone.entity
                and exclusions.system = gone.system
                and exclusions.source_id = gone.source_id
        )
{%- endmacro %}
