"""Planned works: what is worked on, when, and which alarms belong to it."""
