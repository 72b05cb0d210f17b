"""What each of the demo company's systems knows and delivers, one module per system."""
