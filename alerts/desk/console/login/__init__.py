"""The console's login page."""
