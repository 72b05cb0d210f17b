"""Alerts: what a person must be told at once, and the ways to tell it."""
