"""Certificates of endpoints that browsers do not get along with, each served by OpenSSL's own server."""

import asyncio
import logging
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.runtime import http
from agent.sources.certificate.collect import Endpoint, Presented, parse, read
from agent.sources.certificate.settings import CertificateSettings
from agent.sources.streams.wire import Connection, Origin
from demo.ports import free_port
from tests.contract.streams.certificates import Authority

NOW = datetime.now(UTC).replace(microsecond=0)
EXPIRY = NOW + timedelta(days=30)
# blackbox_exporter 1390 and 1437: nothing that today's libraries offer.
TOO_OLD = [
    ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
]
# blackbox_exporter 223 and 1080: a certificate of the client is wanted.
WANTS_CLIENTS = [[version, "-Verify", "1", "-verify_return_error"] for version in ("-tls1_2", "-tls1_3")]


@pytest.fixture(name="authority")
def authority_(tmp_path: Path) -> Authority:
    return Authority(tmp_path, NOW - timedelta(days=1), NOW + timedelta(days=400))


@contextmanager
def served(certificate: Path, *options: str, quiet: bool = True) -> Iterator[int]:
    port = free_port()
    files = ["-cert", str(certificate), "-key", str(certificate)]
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", *["-quiet"] * quiet, *files, *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            end = time.monotonic() + 20
            while not listens(port):
                assert server.poll() is None, f"{command} ended"
                assert time.monotonic() < end, f"{command} does not listen"
                time.sleep(0.05)
            yield port
        finally:
            server.kill()


def listens(port: int) -> bool:
    """Return whether something listens, without connecting: the server would answer that, and nobody else meanwhile."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def looked(authority: Path, port: int) -> Presented:
    return read(CertificateSettings("portal", f"127.0.0.1:{port}", "localhost", authority=authority))


def expiry(presented: Presented) -> float:
    return float(str(next(iter(parse(presented))).value))


@pytest.mark.parametrize("options", TOO_OLD, ids=" ".join)
def test_a_server_that_is_too_old_gives_its_expiry_and_is_not_accepted(
    authority: Authority, options: list[str]
) -> None:
    with served(authority.issue("old", ["localhost"], EXPIRY), *options) as port:
        presented = looked(authority.file, port)
    assert expiry(presented) == EXPIRY.timestamp()
    assert not presented.trusted
    assert presented.refusal.startswith("TLS failed: ")


@pytest.mark.parametrize("options", WANTS_CLIENTS, ids=" ".join)
def test_a_server_that_wants_to_know_its_clients_shows_its_certificate(
    authority: Authority, tmp_path: Path, options: list[str]
) -> None:
    with served(authority.issue("strict", ["localhost"], EXPIRY), *options) as port:
        known, unknown = looked(authority.file, port), looked(stranger(tmp_path), port)
    assert expiry(known) == expiry(unknown) == EXPIRY.timestamp()
    assert known.trusted
    assert not unknown.trusted


def stranger(folder: Path) -> Path:
    (folder / "other").mkdir()
    return Authority(folder / "other", NOW - timedelta(days=1), EXPIRY).file


def test_the_certificate_itself_may_be_what_is_trusted(authority: Authority) -> None:
    certificate = authority.issue("own", ["localhost"], EXPIRY)
    with served(certificate) as port:
        assert looked(certificate, port).trusted
        assert not looked(authority.issue("another", ["localhost"], EXPIRY), port).trusted


# httpcore 1063, cpython 76178: certificates have no such names.
def test_a_name_may_end_in_a_dot(authority: Authority) -> None:
    with served(authority.issue("dotted", ["portal.example"], EXPIRY)) as port:
        settings = CertificateSettings("portal", f"127.0.0.1:{port}", "portal.example.", authority=authority.file)
        assert read(settings).trusted


@pytest.fixture(name="looked_up")
def looked_up_(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every name be 127.0.0.1; return the names that were asked for."""
    names, ask = list[str](), socket.getaddrinfo

    def answer(host: str, *others: Any, **options: Any) -> Any:
        names.append(host)
        return ask("127.0.0.1", *others, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return names


def test_an_address_over_https_may_have_a_name_that_ends_in_a_dot(authority: Authority, looked_up: list[str]) -> None:
    with served(authority.issue("dotted", ["portal.example"], EXPIRY), "-www", quiet=False) as port:
        trust = ssl.create_default_context(cafile=authority.file)
        answer = http.get(f"https://portal.example.:{port}/", timeout=5, trust=trust)
    assert answer.text.startswith("<HTML>")
    assert looked_up == ["portal.example."]


def test_a_channel_may_have_a_name_that_ends_in_a_dot(authority: Authority, looked_up: list[str]) -> None:
    async def connect(port: int) -> None:
        trust = ssl.create_default_context(cafile=authority.file)
        (await Connection.open(Origin(secure=True, host="portal.example.", port=port), trust)).close()

    with served(authority.issue("dotted", ["portal.example"], EXPIRY)) as port:
        asyncio.run(connect(port))
    assert looked_up == ["portal.example."]


def test_why_it_is_not_accepted_is_told_once(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    with served(authority.issue("wrong", ["portal.example"], EXPIRY)) as port:
        settings = CertificateSettings("portal", f"127.0.0.1:{port}", "localhost", authority=authority.file)
        with caplog.at_level(logging.INFO, "agent.sources.certificate"):
            endpoint = Endpoint(settings)
            endpoint.read()
            endpoint.read()
    (record,) = caplog.records
    assert "Hostname mismatch" in str(vars(record)["reason"])
