"""The console's reports page."""
