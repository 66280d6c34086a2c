"""ott-dashboards: Grafana dashboards as code, their checks and their publication."""
