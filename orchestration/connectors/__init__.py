"""Pulls batches of rows from the source systems. No business rule, no Dagster, no dbt."""
