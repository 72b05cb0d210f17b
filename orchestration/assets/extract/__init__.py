"""Step 1: every system table, pulled, judged and landed."""
