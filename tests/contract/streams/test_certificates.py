"""Certificates of endpoints behind a real nginx: valid, expired, of another name, of nobody's authority, and none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.sources.certificate.collect import Endpoint, parse, read
from agent.sources.certificate.settings import CertificateSettings
from demo.ports import free_port
from tests.contract.agent.program import agent, wait_until
from tests.contract.streams.certificates import Authority
from tests.contract.streams.nginx import nginx

NOW = datetime.now(UTC).replace(microsecond=0)
SERVER = 'server {{ listen 127.0.0.1:{port} ssl; ssl_certificate "{file}"; ssl_certificate_key "{file}"; }}\n'


class Endpoints(NamedTuple):
    """Ports by the state of their certificate."""

    authority: Path
    valid: int
    expired: int
    plain: int
    below: int  # an intermediate that expires in three days has signed it

    def settings(self, port: int, *, host: str = "localhost", authority: bool = True) -> CertificateSettings:
        return CertificateSettings("portal", f"127.0.0.1:{port}", host, authority=self.authority if authority else None)


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder, NOW - timedelta(days=400), NOW + timedelta(days=400))
    intermediate = Authority(
        folder, NOW - timedelta(days=400), NOW + timedelta(days=3), name="intermediate", above=authority
    )
    found = Endpoints(authority.file, *(free_port() for _ in range(4)))
    servers = SERVER.format(port=found.valid, file=authority.issue("valid", ["localhost"], NOW + timedelta(days=30)))
    servers += SERVER.format(port=found.expired, file=authority.issue("old", ["localhost"], NOW - timedelta(days=1)))
    below = intermediate.issue("below", ["localhost"], NOW + timedelta(days=30))
    servers += SERVER.format(port=found.below, file=below)
    servers += f"server {{ listen 127.0.0.1:{found.plain}; }}"
    with nginx(folder / "nginx", servers, list(found[1:])):
        yield found


def figures(settings: CertificateSettings) -> dict[str, float]:
    return {sample.metric.name: float(str(sample.value)) for sample in parse(read(settings))}


def test_a_valid_certificate_gives_its_expiry_and_is_trusted(endpoints: Endpoints) -> None:
    assert figures(endpoints.settings(endpoints.valid)) == {
        "ott_certificate_not_after_timestamp_seconds": (NOW + timedelta(days=30)).timestamp(),
        "ott_certificate_trusted": 1,
    }


def test_an_expired_one_still_gives_its_expiry(endpoints: Endpoints) -> None:
    assert figures(endpoints.settings(endpoints.expired)) == {
        "ott_certificate_not_after_timestamp_seconds": (NOW - timedelta(days=1)).timestamp(),
        "ott_certificate_trusted": 0,
    }


def test_an_intermediate_that_expires_first_is_announced_and_named_once(
    endpoints: Endpoints, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = Endpoint(endpoints.settings(endpoints.below))
    for _ in range(2):
        expiry, trusted = (float(str(sample.value)) for sample in parse(endpoint.read()))
        assert (expiry, trusted) == ((NOW + timedelta(days=3)).timestamp(), 1)
    (record,) = [record for record in caplog.records if "authority's certificate" in record.message]
    assert vars(record)["authority"] == "Intermediate of a test"
    assert vars(record)["expires"] == (NOW + timedelta(days=3)).isoformat()


def test_one_of_another_name_or_of_an_unknown_authority_is_not_trusted(endpoints: Endpoints) -> None:
    for settings in (
        endpoints.settings(endpoints.valid, host="portal.example"),
        endpoints.settings(endpoints.valid, authority=False),
    ):
        assert figures(settings)["ott_certificate_trusted"] == 0


def test_an_endpoint_that_cannot_be_read_is_a_failed_collection(endpoints: Endpoints) -> None:
    for port in (endpoints.plain, 1):
        with pytest.raises(OSError, match=r"."):
            read(endpoints.settings(port))


def test_the_agent_exports_them_under_their_names(endpoints: Endpoints, tmp_path: Path) -> None:
    table = '[[certificate]]\nendpoint = "{}"\naddress = "127.0.0.1:{}"\nserver_name = "localhost"\nauthority = "{}"\n'
    settings = "[host]\nenabled = false\n" + "".join(
        table.format(name, port, endpoints.authority)
        for name, port in (("portal", endpoints.valid), ("old", endpoints.expired), ("none", endpoints.plain))
    )
    with agent(tmp_path, settings) as running:
        wait_until(lambda: running.get("/readyz").status == 200, running)
        text = running.get("/metrics").text
    lines = text.splitlines()
    expiry = (NOW + timedelta(days=30)).timestamp()
    assert any(
        line.startswith('ott_certificate_not_after_timestamp_seconds{endpoint="portal"}')
        and float(line.split()[1]) == expiry
        for line in lines
    )
    assert 'ott_certificate_trusted{endpoint="old"} 0.0' in lines
    assert 'ott_collector_success{collector="certificate_none"} 0.0' in lines
    assert 'endpoint="none"' not in text
