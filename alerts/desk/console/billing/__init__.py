"""Billing on the console: what was due today and what became of it, the months before, the cases."""
