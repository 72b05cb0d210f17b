"""What must hold of the data at both edges of the night, as plain Python data."""
