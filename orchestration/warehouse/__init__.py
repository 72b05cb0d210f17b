"""The DuckDB files of a night and dbt, which fills them: how they are opened, called and traced."""
