"""Science: models fitted on the histories that SQL grouped, their results back as small tables."""
