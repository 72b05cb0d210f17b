"""The demo company: a generator of the extracts that its systems would deliver."""
