"""Endpoints with several certificates: of two kinds of keys (blackbox_exporter 267 and 731), or at two addresses."""

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agent.sources.certificate.collect import Presented, parse, read
from agent.sources.certificate.settings import CertificateSettings
from demo.ports import free_port
from tests.contract.streams.certificates import Authority
from tests.contract.streams.nginx import nginx

NOW = datetime.now(UTC).replace(microsecond=0)
NEW, OLD = NOW + timedelta(days=30), NOW - timedelta(days=1)
KEYS = 'ssl_certificate "{file}"; ssl_certificate_key "{file}";'


class Servers(NamedTuple):
    """Ports by what is expired there; at `by_address` it is that of 127.0.0.2, and 127.0.0.3 speaks no TLS."""

    authority: Path
    rsa: int
    curve: int
    neither: int
    only_13: int
    by_address: int


@pytest.fixture(name="servers", scope="module")
def servers_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("several")
    authority = Authority(folder, NOW - timedelta(days=400), NOW + timedelta(days=400))
    found = Servers(authority.file, *(free_port() for _ in range(5)))

    def keys(name: str, end: datetime, *, of_rsa: bool) -> str:
        return KEYS.format(file=authority.issue(name, ["localhost"], end, of_rsa=of_rsa))

    curve, rsa = keys("curve", NEW, of_rsa=False), keys("rsa", NEW, of_rsa=True)
    old_curve, old_rsa = keys("old-curve", OLD, of_rsa=False), keys("old-rsa", OLD, of_rsa=True)
    tables = (
        (f"127.0.0.1:{found.rsa} ssl", curve + old_rsa),
        (f"127.0.0.1:{found.curve} ssl", old_curve + rsa),
        (f"127.0.0.1:{found.neither} ssl", curve + rsa),
        (f"127.0.0.1:{found.only_13} ssl", f"ssl_protocols TLSv1.3; {curve} {old_rsa}"),
        (f"127.0.0.1:{found.by_address} ssl", curve),
        (f"127.0.0.2:{found.by_address} ssl", old_curve),
        (f"127.0.0.3:{found.by_address}", ""),
    )
    text = "".join(f"server {{ listen {listen}; {more} }}\n" for listen, more in tables)
    with nginx(folder / "nginx", text, list(found[1:])):
        yield found


def looked(servers: Servers, port: int, host: str = "127.0.0.1") -> Presented:
    return read(CertificateSettings("portal", f"{host}:{port}", "localhost", authority=servers.authority))


def expiry(presented: Presented) -> float:
    return float(str(next(iter(parse(presented))).value))


def test_of_two_kinds_of_keys_the_one_that_is_over_counts(servers: Servers) -> None:
    for port, kind in ((servers.rsa, "RSA"), (servers.curve, "ECDSA")):
        presented = looked(servers, port)
        assert (expiry(presented), presented.trusted) == (OLD.timestamp(), False)
        # Which one a server shows first is its own choice; where that is over already, no other is asked for.
        assert "certificate has expired" in presented.refusal
        if len(presented.certificates) > 1:
            assert presented.refusal.startswith(f"{kind} at 127.0.0.1: ")
    presented = looked(servers, servers.neither)
    assert (len(presented.certificates), expiry(presented), presented.trusted) == (2, NEW.timestamp(), True)


def test_of_a_server_that_speaks_tls_1_3_only_the_other_kind_is_not_seen(servers: Servers) -> None:
    presented = looked(servers, servers.only_13)
    assert (len(presented.certificates), expiry(presented), presented.trusted) == (1, NEW.timestamp(), True)


@pytest.fixture(name="addresses")
def addresses_(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that every name has, to be filled in."""
    of_a_name, ask = list[str](), socket.getaddrinfo

    def answer(host: str, *others: Any, **options: Any) -> Any:
        names = of_a_name if host == "portal.example" else [host]
        return [found for name in names for found in ask(name, *others, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return of_a_name


def test_of_several_addresses_the_one_whose_certificate_is_over_counts(servers: Servers, addresses: list[str]) -> None:
    addresses += ["127.0.0.1", "127.0.0.2"]
    presented = looked(servers, servers.by_address, "portal.example")
    assert (expiry(presented), presented.trusted) == (OLD.timestamp(), False)
    assert presented.refusal.startswith(
        "ECDSA at 127.0.0.2: the certificate cannot be trusted: certificate has expired"
    )


def test_an_address_that_cannot_be_reached_changes_nothing(servers: Servers, addresses: list[str]) -> None:
    addresses += ["127.0.0.9", "127.0.0.1"]
    presented = looked(servers, servers.by_address, "portal.example")
    assert (expiry(presented), presented.trusted) == (NEW.timestamp(), True)
    addresses[:] = ["127.0.0.9", "127.0.0.8"]
    with pytest.raises(ConnectionRefusedError):
        looked(servers, servers.by_address, "portal.example")


def test_an_address_that_gives_no_answer_keeps_back_nothing(servers: Servers, addresses: list[str]) -> None:
    addresses += ["127.0.0.4", "127.0.0.1"]
    with socket.socket() as silent:
        silent.bind(("127.0.0.4", servers.by_address))
        silent.listen()
        began = time.monotonic()
        presented = looked(servers, servers.by_address, "portal.example")
        took = time.monotonic() - began
    assert (expiry(presented), presented.trusted) == (NEW.timestamp(), True)
    assert took < CertificateSettings("portal", "127.0.0.1:1").deadline


def test_an_address_without_tls_is_a_failed_collection(servers: Servers, addresses: list[str]) -> None:
    addresses += ["127.0.0.1", "127.0.0.3"]
    with pytest.raises(OSError, match=r"WRONG_VERSION_NUMBER|wrong version number"):
        looked(servers, servers.by_address, "portal.example")
