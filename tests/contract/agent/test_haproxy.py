"""Debian's HAProxy, read by the presets `haproxy` and `haproxy_csv`: HTTP/1.1, HTTP/2, IPv6 and plain TCP."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx
import pytest

from agent.sources.presets import load_preset
from agent.sources.server.preset import ServerPreset, parse
from demo.ports import free_port

CONFIGURATION = """\
global
  maxconn 100
defaults
  mode http
  timeout connect 60s
  timeout client 60s
  timeout server 60s
frontend live
  bind 127.0.0.1:{one}
  bind [::1]:{one}
  bind 127.0.0.1:{two} proto h2
  http-request return status 200 content-type video/mp2t string 0123456789
frontend refused
  mode tcp
  bind 127.0.0.1:{refused}
  tcp-request connection reject
frontend raw
  mode tcp
  bind 127.0.0.1:{raw}
  default_backend live
backend live
  mode tcp
  server live 127.0.0.1:{one}
frontend stats
  bind 127.0.0.1:{stats}
  http-request use-service prometheus-exporter if {{ path /metrics }}
  stats enable
  stats uri /stats
"""
PAGES = {"haproxy": "/metrics", "haproxy_csv": "/stats;csv"}


@contextmanager
def haproxy(folder: Path) -> Iterator[dict[str, int]]:
    """Yield the ports of a running HAProxy by their names in the configuration."""
    ports = {name: free_port() for name in ("one", "two", "refused", "raw", "stats")}
    (folder / "haproxy.cfg").write_text(CONFIGURATION.format(**ports), "utf-8")
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], stdout=said, stderr=said)
    try:
        for _ in range(600):
            try:
                httpx.get(f"http://127.0.0.1:{ports['stats']}/stats", timeout=60, trust_env=False)
                break
            except httpx.TransportError:
                Event().wait(0.1)
        else:
            pytest.fail((folder / "said").read_text())
        yield ports
    finally:
        process.terminate()
        process.wait(60)


def figures(preset: str, port: int) -> dict[str, float]:
    page = httpx.get(f"http://127.0.0.1:{port}{PAGES[preset]}", timeout=60, trust_env=False).text
    samples = parse(load_preset(ServerPreset, "server", preset), "edge", page)
    values = {":".join([sample.metric.name, *sample.labels[1:]]): sample.value for sample in samples}
    return {name: value for name, value in values.items() if isinstance(value, float | int)}


def curl(*arguments: str) -> str:
    return subprocess.run(
        ["curl", "-sg", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize("preset", PAGES)
def test_what_clients_did_at_a_real_haproxy(tmp_path: Path, preset: str) -> None:
    with haproxy(tmp_path) as ports:
        before = figures(preset, ports["stats"])
        assert curl(f"http://127.0.0.1:{ports['one']}/live/a.ts") == "1.1 200"
        assert curl(f"http://[::1]:{ports['one']}/live/a.ts") == "1.1 200"
        assert curl("--http2-prior-knowledge", f"http://127.0.0.1:{ports['two']}/live/a.ts") == "2 200"
        assert curl(f"http://127.0.0.1:{ports['raw']}/live/a.ts") == "1.1 200"
        assert curl(f"http://127.0.0.1:{ports['refused']}/").endswith("000")
        after = figures(preset, ports["stats"])
    assert before["ott_server_connections_dropped_total"] == 0  # nothing happened yet: figures, and zero
    assert before["ott_server_responses_total:5xx"] == 0
    changed = {name: after[name] - before[name] for name in after}
    # The page itself is a request on a connection; what went through plain TCP is a connection more.
    assert changed["ott_server_requests_total"] == 4 + 1
    assert changed["ott_server_responses_total:2xx"] == 4 + 1
    assert changed["ott_server_connections_dropped_total"] == 1
    assert changed["ott_server_connections_accepted_total"] >= 4 + 1 + 1
    assert after["ott_edge_connections"] == 1  # the one that asks
    assert changed["ott_server_transmit_bytes_total"] > 4 * 10
    assert changed["ott_server_receive_bytes_total"] > 4 * len("GET /live/a.ts HTTP/1.1")
