"""ott-agent: source -> collector -> /metrics. Runs on every node; imports neither `alerts` nor `dashboards`."""
