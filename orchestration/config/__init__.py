"""What a deployment declares: systems, tables, thresholds, secrets by name. Read and validated here, used everywhere."""
