"""Names of actors that no person may have."""

DESK = "desk"
"""The actor of what the desk does by itself."""
BILLING_WATCH = "billing watch"
"""The actor of what the agent finds in the billing's rows."""
