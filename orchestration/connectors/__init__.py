"""How a batch is pulled from a source. No business rule, no Dagster, no dbt."""
