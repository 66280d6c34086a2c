"""The console's ticket page."""
