"""The DuckDB files of a run and dbt, which fills them; column lineage, fits of earlier runs, completeness."""
