"""The demonstration: a small real platform, and the whole chain from its nodes to a ticket on loopback ports."""
