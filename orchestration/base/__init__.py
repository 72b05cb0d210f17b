"""What everything stands on: paths, durable writes, progress, errors. Imports nothing of the project."""
