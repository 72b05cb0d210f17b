{#
    The door of an entity: what every system of the deployment delivers for it, in the columns and types of the door's
    own contract (the yml beside the model), each record once in its latest version.

    A system that lacks an optional column delivers nulls; one that delivers a column the contract does not know, or
    lacks a required one (`not_null` in the contract), stops the build. An entity that no system delivers is empty.

    A record that its system has deleted is not behind the door (int_records__deleted says when it went), nor is one that
    is left out (int_records__left_out), as what is dated ahead, or on purpose (int_records__excluded). A change time or another time of a record that lies ahead is null until its day;
    what is planned may lie ahead.

    `keep_versions`: every landed version stays, for entities whose history the star tells.
    `keep_deleted`: a deleted record stays, because facts of the past are about it.
#}
{% macro unioned(entity, keep_versions=false, keep_deleted=false) %}
{%- set columns = model.columns.values() | list %}
{%- set always_known = planned_times() + [happened_at().get(entity)] %}
with

{{ as_of_moment() }},

delivered as (
{% for system in var('entities').get(entity, []) %}
    {%- set relation = ref('stg_' ~ system ~ '__' ~ entity) %}
    {%- set names = cx360.delivered_columns(relation, columns) if execute else [] %}
    select
        cast('{{ system }}' as varchar) as system
        {%- for column in columns if column.name != 'system' %},
        {% if column.name in names and column.data_type == 'timestamp' and column.name not in always_known -%}
        {{ known_time(column.name) }}
        {%- else -%}
        cast({{ cx360.delivered_value(column.name) if column.name in names else 'null' }} as {{ column.data_type }})
        {%- endif %} as {{ column.name }}
        {%- endfor %}
    from {{ relation }}
    cross join as_of
    {%- if 'excluded_reason' in names %}
    where source_id is not null or nullif(trim(excluded_reason), '') is null
    {%- endif %}
{% if not loop.last %}
    union all
{% endif %}
{%- else %}
    select
        {%- for column in columns %}
        cast(null as {{ column.data_type }}) as {{ column.name }}{% if not loop.last %},{% endif %}
        {%- else %} 'parsing' as nothing
        {%- endfor %}
    where false
{% endfor %}
),

{% if not keep_versions -%}
ranked as (

    select
        *,
        {{ latest_record() }} as recency
    from delivered

),

{% endif -%}
{{ living('delivered' if keep_versions else 'ranked', entity, keep_deleted=keep_versions or keep_deleted) }},

final as (

    select
        {%- for column in columns %}
        {{ column.name }}{% if not loop.last %},{% endif %}
        {%- else %} *
        {%- endfor %}
    from living
    {% if not keep_versions %}where recency = 1{% endif %}

)

select * from final
{% endmacro %}

{# A delivered column as the door holds it: ids in one notation. #}
{% macro delivered_value(name) -%}
    {%- if name == 'source_id' -%} {{ record_id(name) }}
    {%- elif name.endswith('_source_id') -%} {{ reference_id(name) }}
    {%- elif name == 'external_id' -%} {{ external_id(name) }}
    {%- else -%} {{ name }}
    {%- endif -%}
{%- endmacro %}

{# The names that a staging model delivers, held against the door's contract. #}
{% macro delivered_columns(relation, columns) %}
    {%- set delivered = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- set known = columns | map(attribute='name') | list -%}
    {%- for name in delivered if name not in known + ['deleted_at', 'excluded_reason'] -%}
        {{ exceptions.raise_compiler_error(relation.identifier ~ " delivers '" ~ name ~ "', which " ~ model.name ~ " does not know. It knows: " ~ known | join(', ') ~ ", deleted_at, excluded_reason") }}
    {%- endfor -%}
    {%- for column in columns if delivered and column.name != 'system' and column.name not in delivered -%}
        {%- if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
            {{ exceptions.raise_compiler_error(relation.identifier ~ " lacks '" ~ column.name ~ "', which " ~ model.name ~ " requires") }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(delivered) }}
{% endmacro %}

{#
    The rank of a version among the versions of its record: 1 is the latest by change time, then by landing order. Two rows
    of one landed row share their rank, so that the door's key test finds what a staging model has multiplied.
#}
{% macro latest_record(partition_by=['system', 'source_id']) -%}
    rank() over (
            partition by {{ partition_by | join(', ') }}
            order by updated_at desc nulls last, _load_date desc, _source_file desc, _source_row desc
        )
{%- endmacro %}
