"""The extracts of each of the demo company's systems, one module per system."""
