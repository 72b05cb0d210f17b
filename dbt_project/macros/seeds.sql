{# Loads a seed's file as dbt-duckdb does, but with its path as a SQL literal: the home of a deployment may have an
   apostrophe in its path, which ends the literal in dbt-duckdb 1.11.1. #}
{% macro duckdb__load_csv_rows(model, agate_table) %}
    {%- set file = adapter.get_seed_file_path(model) | replace("'", "''") -%}
    {%- set statement -%}
        copy {{ this.render() }} from '{{ file }}' (format csv, header true)
    {%- endset -%}
    {%- do adapter.add_query(statement, abridge_sql_log=True) -%}
    {{ return(statement) }}
{% endmacro %}
