"""The console's overview page."""
