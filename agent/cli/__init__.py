"""Subcommands of ott-agent apart from `serve`."""
