"""The console's busy hour page."""
