"""ott-desk: one problem, one ticket. Takes the webhooks of Alertmanager; serves the console and TMF621."""
