"""Pictures of the boards for the documentation, drawn from their JSON with the data of a running Prometheus.

Not Grafana's rendering: it shows which panels stand where and what they say, in Grafana's colours and proportions.
"""
