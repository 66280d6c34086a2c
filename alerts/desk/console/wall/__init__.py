"""The console's wall page."""
