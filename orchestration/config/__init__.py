"""What a deployment declares: systems, tables, thresholds, secrets by name."""
