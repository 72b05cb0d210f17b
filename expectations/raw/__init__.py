"""Gate 1: one module per system, one suite per landed table."""
