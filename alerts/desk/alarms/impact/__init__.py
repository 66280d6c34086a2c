"""How many viewers a ticket concerns."""
