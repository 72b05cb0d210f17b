"""Entity resolution of customer records: pure functions on arrays."""
