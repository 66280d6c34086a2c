"""The tables [[server]] that `ott-agent init` proposes."""

from collections.abc import Iterable

from agent.sources.node import Seen

# Process name -> preset, the address or command where its status usually is, and what to do at the server first.
SERVERS = {
    "nginx": ("nginx_stub_status", 'url = "http://127.0.0.1:8080/stub_status"', "location = /stub_status {…}"),
    "angie": ("angie", 'url = "http://127.0.0.1:8080/status/"', "location /status/ { api /status/; }"),
    "srs": ("srs", 'url = "http://127.0.0.1:1985/api/v1/streams/?count=1000"', "http_api { enabled on; }"),
    "mediamtx": ("mediamtx", 'url = "http://127.0.0.1:9998/metrics"', "metrics: yes"),
    "varnishd": ("varnish", 'command = ["varnishstat", "-j"]', "put the agent into the group varnish"),
    "apache2": ("apache", 'url = "http://127.0.0.1/server-status?auto"', "ExtendedStatus On"),
    "haproxy": ("haproxy", 'url = "http://127.0.0.1:8404/metrics"', "http-request use-service prometheus-exporter"),
    "traffic_server": ("trafficserver", 'url = "http://127.0.0.1:8080/_stats"', "stats_over_http.so in plugin.config"),
    "streamer": ("flussonic", 'url = "http://127.0.0.1:8080/flussonic/api/server"', "view_auth, given below as basic"),
}  # fmt: skip


def proposal(seen: Seen) -> Iterable[str]:
    """Yield a commented table for each server that runs: its status page cannot be seen from outside."""
    for name in sorted(seen.processes & SERVERS.keys()):
        preset, source, first = SERVERS[name]
        yield f"# {name} runs here. First at the server: {first}"
        yield from (f"# {line}" for line in ("[[server]]", f'preset = "{preset}"', source))
        yield ""
