{#
    How a model becomes a table or a view, and how a test asks: all that can be one statement is one. dbt-duckdb builds
    beside and renames, with a dozen statements to each model: on small data that is where the night goes
    (docs/decisions/dbt-in-process.md). DuckDB replaces in one transaction, so that a failed model leaves what was there.
#}

{% materialization table, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- do put_in_place(relation, create_table_as(false, relation, sql)) -%}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

{% materialization view, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='view') -%}
    {%- do put_in_place(relation, get_create_view_as_sql(relation, sql)) -%}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

{# Failing rows are counted without a transaction; where they are to be stored, that is dbt's own way. #}
{% materialization test, adapter='duckdb' -%}
    {%- if should_store_failures() -%}
        {{ return(materialization_test_default()) }}
    {%- endif -%}
    {%- set counted = get_test_sql(sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')) -%}
    {%- set response, table = adapter.execute(counted, fetch=true) -%}
    {%- do store_result('main', response=response, agate_table=table) -%}
    {{ return({'relations': []}) }}
{%- endmaterialization %}

{# Put what `create_sql` creates in the place of what the model was before, be it a table or a view. #}
{% macro put_in_place(relation, create_sql) -%}
    {%- set earlier = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {%- call statement('main') -%}
        {% if earlier %}drop {{ earlier.type }} if exists {{ earlier }};{% endif %}
        {{ create_sql }}
        {{ comments(relation) }}
    {%- endcall -%}
    {%- do create_indexes(relation) -%}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
{%- endmacro %}

{# The descriptions of the model's yml, for those who read the database. #}
{% macro comments(relation) -%}
    {%- if config.persist_relation_docs() and model.description %}
    {{ alter_relation_comment(relation, model.description) }}
    {%- endif -%}
    {%- if config.persist_column_docs() -%}
        {%- for column in model.columns.values() %}
    comment on column {{ relation }}.{{ column.name }} is {{ duckdb_escape_comment(column.description) }};
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
