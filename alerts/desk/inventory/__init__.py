"""The nodes that Prometheus scrapes, as the desk lists them for HTTP discovery: one list for every side of a pair."""
