"""Debian's Traffic Server, read by the preset `trafficserver`: HTTP/1.1 over IPv6, HTTP/2, hits, misses and passes."""

import http.server
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from agent.sources.presets import load_preset
from agent.sources.server.preset import ServerPreset, parse
from demo.ports import free_port
from tests.contract.web import web

ROOT = """\
prefix: {0}
exec_prefix: /usr
bindir: /usr/bin
sbindir: /usr/sbin
sysconfdir: {0}/config
datadir: {0}/config
includedir: /usr/include
libdir: /usr/lib/trafficserver
libexecdir: /usr/lib/trafficserver/modules
localstatedir: {0}/runtime
runtimedir: {0}/runtime
logdir: {0}/log
mandir: /usr/share/man
cachedir: {0}/cache
"""
RECORDS = """\
CONFIG proxy.config.http.server_ports STRING {plain}:ip-in=127.0.0.1 {tls}:ssl:ip-in=127.0.0.1 {six}:ipv6:ip-in=[::1]
CONFIG proxy.config.ssl.server.cert.path STRING {folder}/config
CONFIG proxy.config.ssl.server.private_key.path STRING {folder}/config
CONFIG proxy.config.admin.user_id STRING {user}
"""


class Origin(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=60")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(bytes(1000))

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def traffic_server() -> Iterator[tuple[str, str, str]]:
    """Yield its addresses: HTTP on 127.0.0.1, HTTPS on 127.0.0.1, HTTP on ::1."""
    folder = Path(tempfile.mkdtemp(prefix="ottwatch-ats-"))
    plain, tls, six = free_port(), free_port(), free_port()
    root = os.geteuid() == 0
    user = "trafficserver" if root else pwd.getpwuid(os.geteuid()).pw_name
    for name in ("config", "runtime", "log", "cache"):
        (folder / name).mkdir()
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ],
        cwd=folder / "config",
        check=True,
        capture_output=True,
    )
    with web(Origin) as origin:
        files = {
            "runroot.yaml": ROOT.format(folder),
            "config/records.config": RECORDS.format(plain=plain, tls=tls, six=six, folder=folder, user=user),
            "config/plugin.config": "stats_over_http.so\n",
            "config/remap.config": f"map / http://{origin}/\n",
            "config/ssl_multicert.config": "dest_ip=* ssl_cert_name=cert.pem ssl_key_name=key.pem\n",
            "config/storage.config": f"{folder}/cache 16M\n",
        }
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        shutil.copy("/etc/trafficserver/ip_allow.yaml", folder / "config")
        if root:
            for place in (folder, *folder.rglob("*")):
                shutil.chown(place, user)
        process = subprocess.Popen(
            ["traffic_server"],
            env={**os.environ, "TS_RUNROOT": str(folder / "runroot.yaml")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", f"http://[::1]:{six}"
        finally:
            process.terminate()
            process.wait(20)
            shutil.rmtree(folder, ignore_errors=True)


def figures(url: str) -> dict[str, float]:
    page = httpx.get(f"{url}/_stats", timeout=10, trust_env=False).text
    samples = parse(load_preset(ServerPreset, "server", "trafficserver"), "edge", page)
    values = {":".join([sample.metric.name, *sample.labels[1:]]): sample.value for sample in samples}
    return {name: value for name, value in values.items() if isinstance(value, float | int)}


def answering(url: str) -> dict[str, float]:
    for _ in range(300):
        try:
            return figures(url)
        except (httpx.HTTPError, ValueError):
            threading.Event().wait(0.1)
    pytest.fail("Traffic Server does not answer with its statistics")


def curl(*arguments: str) -> str:
    shown = subprocess.run(
        ["curl", "-skg", "-o", "/dev/null", "-w", "%{http_version}", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout


def test_every_protocol_counts_as_connections_of_the_server() -> None:
    with traffic_server() as (plain, tls, six):
        before = answering(plain)
        assert before["ott_server_responses_total:5xx"] == 0  # nothing happened yet: figures, and zero
        assert [curl("--http2", f"{tls}/live/a.ts") for _ in range(3)] == ["2", "2", "2"]
        assert [curl(f"{six}/live/a.ts") for _ in range(2)] == ["1.1", "1.1"]
        # Its statistics are brought up to date every few seconds.
        deadline = time.monotonic() + 60
        while True:
            after = figures(plain)
            hits = after["ott_server_cache_requests_total:hit"] - before["ott_server_cache_requests_total:hit"]
            if hits >= 4 or time.monotonic() > deadline:
                break
            threading.Event().wait(0.5)
    changed = {name: after[name] - before[name] for name in after}
    assert changed["ott_server_cache_requests_total:hit"] == 4  # those from memory are not added again
    assert changed["ott_server_cache_requests_total:miss"] == 1
    # The pages of statistics are requests on connections of their own, each counted as a pass as well.
    pages = changed["ott_server_cache_requests_total:pass"]
    assert changed["ott_server_connections_accepted_total"] - pages == pytest.approx(5, abs=1)
    assert changed["ott_server_requests_total"] - pages == pytest.approx(5, abs=1)
    assert changed["ott_server_transmit_bytes_total"] > 5000
    assert changed["ott_server_receive_bytes_total"] > 0
