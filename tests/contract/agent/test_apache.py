"""Debian's Apache with mod_status, read by the preset `apache`: before and after requests, over IPv4 and IPv6."""

import subprocess
from pathlib import Path
from threading import Event

import httpx
import pytest

from agent.sources.presets import load_preset
from agent.sources.server.preset import ServerPreset, parse
from demo.ports import free_port

MODULES = "/usr/lib/apache2/modules"
CONFIGURATION = """\
ServerRoot {folder}
DocumentRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
Mutex file:{folder} default
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule status_module {modules}/mod_status.so
Listen 127.0.0.1:{port}
Listen [::1]:{port}
ServerName localhost
StartServers 1
ExtendedStatus On
<Location /server-status>
SetHandler server-status
</Location>
"""


def figures(url: str) -> dict[str, float]:
    page = httpx.get(f"{url}/server-status?auto", timeout=5, trust_env=False).text
    samples = parse(load_preset(ServerPreset, "server", "apache"), "edge", page)
    values = {":".join([sample.metric.name, *sample.labels]): sample.value for sample in samples}
    return {name: value for name, value in values.items() if isinstance(value, float | int)}


def test_the_requests_of_a_real_apache(tmp_path: Path) -> None:
    port = free_port()
    configuration = tmp_path / "apache.conf"
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, modules=MODULES, port=port), "utf-8")
    process = subprocess.Popen(["apache2", "-f", str(configuration), "-DFOREGROUND"], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                before = figures(url)
                break
            except httpx.TransportError:
                Event().wait(0.05)
        else:
            pytest.fail((tmp_path / "error.log").read_text())
        for address in (url, f"http://[::1]:{port}"):
            for _ in range(3):
                assert httpx.get(f"{address}/none", trust_env=False, timeout=60).status_code in (403, 404)
        after = figures(url)
    finally:
        process.terminate()
        process.wait(10)
    assert before["ott_server_requests_total:edge"] == 0  # nothing happened yet
    assert before["ott_server_workers:edge:busy"] == 1  # the one that answers
    assert after["ott_server_requests_total:edge"] == 7  # six, and the first page of statistics
    assert after["ott_server_transmit_bytes_total:edge"] > 0
    assert "ott_edge_connections:active" in after
