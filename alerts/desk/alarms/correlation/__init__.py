"""Which alarms have one cause: the topology, what explains what, and the tickets that follow from it."""
