"""Paths, durable writes, progress and errors. Imports nothing else of the project."""
