"""The console's pages of planned works."""
