"""The publication to PostgreSQL: what tables look like there, and how a version replaces the one before."""
