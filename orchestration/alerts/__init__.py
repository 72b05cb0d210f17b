"""Alerts: when they are raised, and how they are sent."""
