"""Subcommands of ott-agent, and the wiring from settings to collectors."""
