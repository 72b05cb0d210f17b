"""How databases are asked: one module per way, and what they share."""
