"""The settings of a deployment: systems, tables, thresholds, names of secrets."""
