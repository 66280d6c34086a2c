"""Names of actors that no person may have. Catalogues say in [actor] how people read them."""

DESK = "desk"
"""The actor of what the desk does by itself."""
BILLING_WATCH = "billing watch"
"""The actor of what the agent finds in the billing's rows."""
PROGRAM = "ott-desk"
"""The actor of what somebody did with the program on the desk's machine."""
