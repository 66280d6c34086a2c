"""The console's queue page."""
