"""Gate 2: one module per question, one suite per mart."""
