"""Pictures of the dashboards, drawn by Grafana's own components in a headless Chromium, and checks of what is drawn.

`recording` asks a Prometheus, `bundle` builds the script that draws (the Node project in this folder), and `browser`
runs it.
"""
