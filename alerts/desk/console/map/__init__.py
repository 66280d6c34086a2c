"""The console's map of the topology."""
