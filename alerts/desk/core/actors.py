"""Names of actors that no person may have."""

DESK = "desk"
"""The actor of what the desk does by itself."""
