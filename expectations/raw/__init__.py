"""Suites of gate 1 in Python, one module per system, for what the rules of a deployment cannot say; at present none."""
