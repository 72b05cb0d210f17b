{#
    An incremental night builds anew what belongs to touched customers, and keeps the rest (docs/decisions/incremental-nights.md).
#}

{#
    Whether the model goes on from the last build. While dbt parses it does, so that dbt sees all that may be read; a unit
    test has no last build, unless it says so.
#}
{% macro goes_on() -%}
    {{ return(not execute or (model.resource_type != 'unit_test' and is_incremental())) }}
{%- endmacro %}

{# What a row says, as one number: rows that differ in any of the values, or tables, have another one. #}
{% macro row_fingerprint(values) -%}
    hash({{ values | join(', ') }})
{%- endmacro %}

{#
    All columns but those that say where the row was delivered: a record that its system delivers anew every night has not
    changed by that.
#}
{% macro what_a_row_says() -%}
    * exclude (_load_date, _source_file, _source_row)
{%- endmacro %}

{# The fingerprints of a group of rows as one, whatever their order. #}
{% macro group_fingerprint(column) -%}
    bit_xor({{ column }})
{%- endmacro %}

{# In an incremental night, the records of touched people only; of records that name nobody, all or none. #}
{% macro where_touched(person_column) -%}
    {%- if goes_on() -%}
    where (system, coalesce({{ person_column }}, '')) in (
        select (system, source_id) from {{ ref('customer_identities__touched') }}
        where is_touched
    )
    {%- endif -%}
{%- endmacro %}

{# In an incremental night, what belongs to the orders of touched people only, whether the order is known or not. #}
{% macro where_order_touched() -%}
    {%- if goes_on() -%}
    where (system, order_source_id) in (
        select (system, source_id) from {{ ref('int_orders__fingerprinted') }}
        {{ where_touched('customer_source_id') }}
    )
    {%- endif -%}
{%- endmacro %}

{# In an incremental night, what belongs to the records that are built only. #}
{% macro where_built(records, reference_column) -%}
    {%- if goes_on() -%}
    where (system, {{ reference_column }}) in (select (system, source_id) from {{ records }})
    {%- endif -%}
{%- endmacro %}

{#
    In an incremental night, the rows of touched customers only, and of nobody known, who may be many people.
    `or_since`: also what falls into the month that was running at the last build, or later, whose it may be.
#}
{% macro where_customer_touched(alias=none, or_since=none) -%}
    {%- if goes_on() -%}
    where
        {{ alias ~ '.' if alias }}customer_id in ({{ touched_customers() }})
        or {{ alias ~ '.' if alias }}customer_id = {{ unknown_key() }}
        {%- if or_since %}
        or {{ or_since }} >= {{ first_open_month() }}
        {%- endif %}
    {%- endif -%}
{%- endmacro %}

{# The customers that an incremental night builds anew, those that have given up their id among them. #}
{% macro touched_customers() -%}
    select customer_id from {{ ref('customer_identities__touched') }}
    where is_touched
    union all
    select previous_customer_id from {{ ref('customer_identities__touched') }}
    where is_touched
{%- endmacro %}

{# The customers of whom nothing has changed. #}
{% macro untouched_customers() -%}
    select customer_id from {{ ref('customer_identities__touched') }}
    where not is_touched
{%- endmacro %}

{# The as-of date of the build that an incremental night goes on from. #}
{% macro last_as_of_date() -%}
    (select max(previous_as_of_date) from {{ ref('customer_identities__touched') }})
{%- endmacro %}

{# The month that was running at the last build: the months before it have ended, for whom nothing has touched too. #}
{% macro first_open_month() -%}
    {{ month_start(last_as_of_date()) }}
{%- endmacro %}

{#
    How an incremental night writes: the rows of touched customers go, and those of periods that had not ended
    (`meta.runs_until`) at the last build; those that were built come. Rows that are built anew go whoever held them before. A record
    of nobody known, whom no customer leads to, goes where its door (`meta.door`) has it no more; without a door, nobody
    known is always built anew.
#}
{% macro get_incremental_touched_sql(arguments) -%}
    {%- set target, built = arguments['target_relation'], arguments['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    {%- set key = arguments['unique_key'] -%}
    {%- set door = config.get('meta', {}).get('door') -%}
    {%- set runs_until = config.get('meta', {}).get('runs_until') -%}
    delete from {{ target }}
    where
        customer_id in ({{ touched_customers() }})
        {%- if not door %}
        or customer_id = {{ unknown_key() }}
        {%- endif %}
        {%- if runs_until %}
        or {{ runs_until }} >= {{ first_open_month() }}
        {%- endif %};

    {% if key -%}
    delete from {{ target }}
    where ({{ key | join(', ') }}) in (select ({{ key | join(', ') }}) from {{ built }});
    {%- endif %}

    {% if door -%}
    delete from {{ target }}
    where (system, source_id) in (
        select (gone.system, gone.source_id)
        from {{ target }} as gone
        left join {{ ref(door) }} as door
            on gone.system = door.system
            and gone.source_id = door.source_id
        where
            gone.customer_id = {{ unknown_key() }}
            and door.source_id is null
    );
    {%- endif %}

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ built }}
{%- endmacro %}

{# How a table is written that reads itself as it was before: all rows go, those that were built come. #}
{% macro get_incremental_whole_sql(arguments) -%}
    {%- set target, built = arguments['target_relation'], arguments['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }};

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ built }}
{%- endmacro %}
