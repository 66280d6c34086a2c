"""Billing cases: what a fault concerned, frozen, and its correction counted to the last account."""
