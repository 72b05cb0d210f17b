"""What the assets talk to: the landing, the warehouse, dbt and the publication."""
