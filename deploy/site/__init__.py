"""A site that evaluates its own alerts: its settings, and the whole site beside a pair on loopback addresses."""
