"""The checks of a billing: each asks a few queries and yields samples (docs/billing.md has the formulas)."""
