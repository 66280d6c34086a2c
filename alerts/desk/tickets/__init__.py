"""Tickets: states, events, clocks, calendars, policy and what a person or a timer does to them; with their store."""
