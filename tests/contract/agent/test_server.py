"""The server collector against real HTTP servers: good, slow, hostile, protected; and against commands."""

import gzip
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from agent.runtime.settings import Basic
from agent.sources.presets import load_preset
from agent.sources.server import collect as server
from agent.sources.server.collect import Server
from agent.sources.server.preset import ServerPreset
from agent.sources.server.settings import ServerSettings
from service.setting_types import HttpUrl
from service.settings import Seconds, Secret
from tests.contract.web import web

PAGE = b"Active connections: 3\nserver accepts handled requests\n 10 9 80\nReading: 0 Writing: 1 Waiting: 2\n"


class Vendor:
    """A status page that misbehaves as told."""

    def __init__(self) -> None:
        self.status, self.body = 200, PAGE
        self.headers: dict[str, str] = {}
        self.drip = threading.Event()
        self.headers_drip = False
        self.asked: list[dict[str, str]] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(dict(handler.headers))
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if self.headers_drip:
            handler.flush_headers()
            self.pour(handler)
        handler.send_header("Content-Length", str(len(self.body) + self.drip.is_set() * 1000))
        handler.end_headers()
        handler.wfile.write(self.body)
        self.pour(handler)

    def pour(self, handler: BaseHTTPRequestHandler) -> None:
        while self.drip.is_set():
            handler.wfile.write(b".")
            handler.wfile.flush()
            if not self.drip.is_set() or threading.Event().wait(0.05):
                return


@contextmanager
def serving(vendor: Vendor) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                vendor.answer(self)
            except OSError:
                return  # the client gave up, as it should

        def log_message(self, *_: Any) -> None:
            pass

    with web(Handler) as address:
        try:
            yield f"http://{address}/status"
        finally:
            vendor.drip.clear()


def collect(settings: ServerSettings) -> dict[str, object]:
    target = Server(settings, load_preset(ServerPreset, "server", settings.preset))
    return {
        f"{sample.metric.name}{sample.labels}": sample.value for sample in server.COLLECTOR.parse(server.read(target))
    }


def nginx(url: str, **more: Any) -> ServerSettings:
    return ServerSettings("nginx_stub_status", HttpUrl(url), deadline=Seconds(0.6), **more)


def test_a_page() -> None:
    with serving(Vendor()) as url:
        found = collect(nginx(url, name="front"))
    assert found["ott_edge_connections('active',)"] == 3
    assert found["ott_server_requests_total('front',)"] == 80


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (500, {}, "answered 500 Internal Server Error"),
        (401, {}, "answered 401 Unauthorized"),
        (302, {"Location": "http://127.0.0.1:9/elsewhere"}, "answered 302 Found"),
        (204, {}, "answered 204 No Content"),
    ],
)
def test_a_refusal(status: int, headers: dict[str, str], reason: str) -> None:
    vendor = Vendor()
    vendor.status, vendor.headers, vendor.body = status, headers, b""
    with serving(vendor) as url, pytest.raises(OSError, match=re.escape(reason)):
        collect(nginx(url))


@pytest.mark.parametrize("headers_drip", [False, True])
def test_an_answer_that_drips_outlasts_no_deadline(headers_drip: bool) -> None:
    vendor = Vendor()
    vendor.headers_drip = headers_drip
    vendor.drip.set()
    began = time.monotonic()
    with serving(vendor) as url:
        given_up = threading.Timer(5.0, vendor.drip.clear)  # or the old patience would wait for ever
        given_up.start()
        with pytest.raises(OSError, match=r"longer than 0\.6 s"):
            collect(nginx(url))
        given_up.cancel()
    assert time.monotonic() - began < 4


def test_a_secret_is_shown_to_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    proxy, vendor = Vendor(), Vendor()
    with serving(proxy) as wrong, serving(vendor) as url:
        monkeypatch.setenv("http_proxy", wrong)
        collect(nginx(url, token=Secret(file=secret)))
    assert (len(proxy.asked), len(vendor.asked)) == (0, 1)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "identity, x-gzip"])
def test_a_compressed_answer_is_told_as_such(coding: str) -> None:
    vendor = Vendor()
    vendor.headers, vendor.body = {"Content-Encoding": coding}, gzip.compress(PAGE)
    with serving(vendor) as url, pytest.raises(OSError, match="compressed"):
        collect(nginx(url))


@pytest.mark.parametrize("coding", ["", "Identity", "UTF-8", "none"])
def test_what_is_no_compression_changes_nothing(coding: str) -> None:
    # Servers that name their charset there: yhirose/cpp-httplib issue 2518.
    vendor = Vendor()
    vendor.headers = {"Content-Encoding": coding}
    with serving(vendor) as url:
        assert collect(nginx(url))["ott_edge_connections('waiting',)"] == 2


def test_names_in_another_charset_stay_apart() -> None:
    vendor = Vendor()
    one, other = (
        json.dumps({"app": "live", "name": name, "clients": 1, "recv_bytes": 1, "send_bytes": 1}, ensure_ascii=False)
        for name in ("Хабар", "Еурын")
    )
    vendor.body = f'{{"streams": [{one}, {other}]}}'.encode("windows-1251")
    with serving(vendor) as url:
        found = collect(ServerSettings("srs", HttpUrl(url)))
    assert len([name for name in found if name.startswith("ott_server_channel_clients")]) == 2


def test_a_body_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor()
    vendor.body = b"x" * (17 << 20)
    with serving(vendor) as url, pytest.raises(OSError, match="larger than 16 MiB"):
        collect(ServerSettings("nginx_stub_status", HttpUrl(url), deadline=Seconds(5.0)))


def test_nobody_listens() -> None:
    with serving(Vendor()) as url:
        pass
    with pytest.raises(OSError, match="refused"):
        collect(nginx(url))


def test_credentials_come_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    vendor = Vendor()
    with serving(vendor) as url:
        collect(nginx(url, basic=Basic("ott", Secret(file=secret))))
        collect(nginx(url, token=Secret(file=secret)))
        assert [headers.get("Authorization") for headers in vendor.asked] == ["Basic b3R0OnMzY3JldA==", "Bearer s3cret"]
        secret.chmod(0o644)
        with pytest.raises(OSError, match="open to other users"):
            collect(nginx(url, token=Secret(file=secret)))


def command(*words: str) -> ServerSettings:
    return ServerSettings("nginx_stub_status", command=list(words), deadline=Seconds(0.6))


def test_the_output_of_a_command() -> None:
    assert collect(command("printf", PAGE.decode()))["ott_edge_connections('waiting',)"] == 2


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["no-such-program-anywhere"], "No such file"),
        (["sh", "-c", "echo broken >&2; exit 3"], "sh ended with status 3: broken"),
        (["sleep", "20"], "sleep did not end within 0.6 s"),
    ],
)
def test_a_command_that_fails(words: list[str], reason: str) -> None:
    with pytest.raises(OSError, match=re.escape(reason)):
        collect(command(*words))


def test_what_a_command_started_ends_with_it(tmp_path: Path) -> None:
    number = tmp_path / "number"
    with pytest.raises(OSError, match="did not end"):
        collect(command("sh", "-c", f"sleep 300 & echo $! > {number}; wait"))
    state = Path(f"/proc/{int(number.read_text())}/stat")
    end = time.monotonic() + 5
    while state.exists() and " Z " not in state.read_text():  # a zombie has ended; process 1 takes it when it likes
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_command_that_prints_without_end_is_cut_off() -> None:
    with pytest.raises(OSError, match="prints more than 16 MiB"):
        collect(ServerSettings("nginx_stub_status", command=["cat", "/dev/zero"], deadline=Seconds(5.0)))


def test_a_command_that_never_stops_printing_little_ends_at_its_deadline() -> None:
    with pytest.raises(OSError, match="did not end within"):
        collect(command("sh", "-c", "while :; do echo 1; sleep 0.05; done"))
