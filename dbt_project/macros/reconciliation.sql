{#
    The counts that the quality models compare. Each macro is one select per table, or per entity and system, of the
    deployment: a new system is reconciled without an edit here. Each reads every landed file, which costs little
    because the units of past months are compacted.
#}

{# Rows in the landed Parquet files, by unit and delivered file. #}
{% macro landed_files() -%}
{%- for name in var('keys') %}
    {%- set system, table = name.split('__', 1) %}
    select
        '{{ system }}' as system,
        '{{ table }}' as table_name,
        _load_date as load_date,
        _source_file as source_file,
        count(*) as row_count
    from {{ source(system, name) }}
    group by _load_date, _source_file
    {%- if not loop.last %}

    union all
    {% endif %}
{%- endfor %}
{%- endmacro %}

{# Every staging model of the deployment that delivers an entity, as (entity, system). #}
{% macro staged_entities() %}
    {%- set pairs = [] -%}
    {%- for entity, systems in var('entities').items() -%}
        {%- for system in systems -%}
            {%- do pairs.append((entity, system)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(pairs) }}
{% endmacro %}

{# Landed rows that reached staging, by entity and delivered file: a landed row may become several records. #}
{% macro staged_files() -%}
{%- for entity, system in staged_entities() %}
    select
        '{{ entity }}' as entity,
        '{{ system }}' as system,
        _load_date as load_date,
        _source_file as source_file,
        count(distinct _source_row) as row_count
    from {{ ref('stg_' ~ system ~ '__' ~ entity) }}
    group by _load_date, _source_file
    {%- if not loop.last %}

    union all
    {% endif %}
{%- endfor %}
{%- endmacro %}

{# Staged rows, and the distinct records among them. #}
{% macro staged_records() -%}
{%- for entity, system in staged_entities() %}
    select
        '{{ entity }}' as entity,
        '{{ system }}' as system,
        count(*) as row_count,
        -- a row without an id is left out, and stands for itself
        count(distinct {{ record_id('source_id') }}) + count(*) filter (where source_id is null)
            as record_count
    from {{ ref('stg_' ~ system ~ '__' ~ entity) }}
    {%- if not loop.last %}

    union all
    {% endif %}
{%- endfor %}
{%- endmacro %}

{#
    The rows of units in which a row replaces another one of its key (gate 1 counted them): each different content of a
    record and change time, with its rank; all but the first vanish.
#}
{% macro replaced_rows(outcomes) -%}
{%- for entity, system in staged_entities() %}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] %}
    {%- set content = names | reject('in', ['_source_file', '_source_row']) | list or ['source_id', '_load_date'] %}
    {%- set amount = outcomes[entity].door_amount %}
    select
        '{{ entity }}' as entity,
        '{{ system }}' as system,
        {{ 'cast(' ~ amount ~ ' as decimal(18, 2))' if amount in names else 'cast(null as decimal(18, 2))' }} as amount,
        row_number() over (
            partition by source_id, _load_date{{ ', updated_at' if 'updated_at' in names }}
            order by max(_source_file) desc, max(_source_row) desc
        ) as recency
    from {{ relation }}
    where _load_date in (
        select load_date
        from {{ source('landing', 'profiles') }}
        where system = '{{ system }}' and replaced_row_count > 0
    )
    group by {{ content | join(', ') }}
    {%- if not loop.last %}

    union all
    {% endif %}
{%- endfor %}
{%- endmacro %}

{# Records behind the doors. `outcomes`: the star table and amount of each entity (quality_entity_reconciliation). #}
{% macro door_records(outcomes) -%}
{%- for entity in var('entities') %}
    select
        '{{ entity }}' as entity,
        system,
        {{ outcomes[entity].get('door_count', 'count(*)') }} as record_count,
        {{ sum_or_null(outcomes[entity].door_amount) }} as amount
    from {{ ref('int_' ~ entity ~ '__unioned') }}
    group by system
    {%- if not loop.last %}

    union all
    {% endif %}
{%- endfor %}
{%- endmacro %}

{# Rows of the star tables that the entities become. #}
{% macro star_records(outcomes) -%}
{%- for entity in var('entities') %}
    select
        '{{ entity }}' as entity,
        system,
        {{ outcomes[entity].get('star_count', 'count(*)') }} as record_count,
        {{ sum_or_null(outcomes[entity].star_amount) }} as amount
    from {{ ref(outcomes[entity].star) }}
    group by system
    {%- if not loop.last %}

    union all
    {% endif %}
{%- endfor %}
{%- endmacro %}

{# A value of fct_refunds without the return receipts, which are orders. #}
{% macro returned_apart(value) -%}
    case when refund_type <> 'return' then {{ value }} end
{%- endmacro %}

{% macro sum_or_null(column) -%}
    {{ 'sum(' ~ column ~ ')' if column else 'null' }}
{%- endmacro %}

{# Whether the deployment reads an entity from a table; other tables only land. #}
{% macro delivers_an_entity(system, table) -%}
    {{ system }} || '__' || {{ table }} in ('{{ var('delivering_tables') | join("', '") }}')
{%- endmacro %}

{# The system and the table of a quarantine file, from its path; the folder is a load date or a month. #}
{% macro unit_of_path(column) -%}
    {%- set pattern = '([^/]+)/([^/]+)/load_date=[^/]+/[^/]+$' -%}
    regexp_extract({{ column }}, '{{ pattern }}', 1) as system,
        regexp_extract({{ column }}, '{{ pattern }}', 2) as table_name
{%- endmacro %}

{# One row per element of a list column. #}
{% macro each_element(column) -%}
    unnest({{ column }})
{%- endmacro %}
