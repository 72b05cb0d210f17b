-- One row per published table: what a row is.
select
    schema_name,
    table_name,
    estimated_size as row_count,
    comment
from duckdb_tables()
where not internal and database_name = current_database()
order by list_position(['marts', 'star', 'quality'], schema_name), table_name
