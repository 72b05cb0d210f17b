"""When the warehouse is built, and in what order."""
