"""Debian's Varnish, read by the preset `varnish`, and its log by varnishncsa in the format `combined`."""

import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.sources.presets import load_preset
from agent.sources.server.preset import ServerPreset, parse
from demo.ports import free_port

VCL = """\
vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "%d"; }
sub vcl_recv { if (req.url ~ "^/pass") { return (pass); } return (hash); }
sub vcl_backend_response { set beresp.ttl = 60s; }
"""


@contextmanager
def varnish() -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a running Varnish whose backend answers nothing, and the arguments that name it."""
    # Not pytest's folder: Varnish gives up root's rights and cannot enter it.
    folder = Path(tempfile.mkdtemp(prefix="ottwatch-varnish-"))
    folder.chmod(0o755)
    port, instance = free_port(), folder / "instance"
    (folder / "test.vcl").write_text(VCL % free_port(), "utf-8")
    process = subprocess.Popen(
        ["varnishd", "-F", "-a", f"127.0.0.1:{port}", "-f", str(folder / "test.vcl"), "-n", str(instance)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}", ["-n", str(instance)]
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def asked(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer")


def figures(instance: list[str]) -> dict[str, float]:
    page = subprocess.run(["varnishstat", *instance, "-j"], capture_output=True, text=True, check=True).stdout
    samples = parse(load_preset(ServerPreset, "server", "varnish"), "edge", page)
    values = {":".join([sample.metric.name, *sample.labels[1:]]): sample.value for sample in samples}
    return {name: value for name, value in values.items() if isinstance(value, float | int)}


def test_requests_and_passes_of_a_real_varnish() -> None:
    with varnish() as (url, instance):
        asked(f"{url}/pass")  # also waits for the child
        before = figures(instance)
        for _ in range(3):
            asked(f"{url}/pass")
        asked(f"{url}/live/news/1.ts")
        wanted = before["ott_server_requests_total"] + 4
        deadline = time.monotonic() + 20
        while (after := figures(instance))["ott_server_requests_total"] < wanted and time.monotonic() < deadline:
            time.sleep(0.2)
    changed = {name: after[name] - before[name] for name in after if "bytes" not in name}
    assert changed == {
        "ott_server_connections_accepted_total": 4,
        "ott_server_connections_dropped_total": 0,
        "ott_server_requests_total": 4,
        "ott_server_cache_requests_total:hit": 0,
        "ott_server_cache_requests_total:miss": 1,
        "ott_server_cache_requests_total:pass": 3,
    }
