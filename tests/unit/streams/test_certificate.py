"""Settings of [[certificate]], and certificates that are none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.collectors.certificate import Presented, parse
from agent.endpoints import CertificateSettings
from agent.settings import AgentSettings, converter
from service.settings import SettingsError, structure


@given(st.binary(max_size=400))
def test_any_bytes_give_samples_or_a_value_error(certificate: bytes) -> None:
    with pytest.raises(ValueError, match="the certificate cannot be read"):
        list(parse(Presented("portal", certificate, trusted=False)))


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"endpoint": "https://a/", "address": "a:443"}, "endpoint must be a name"),
        ({"endpoint": "a", "address": "a"}, 'address must be "HOST:PORT"'),
        ({"endpoint": "a", "address": "a:0"}, 'address must be "HOST:PORT"'),
        ({"endpoint": "a", "address": "a:443", "interval": "1s"}, "interval must be between"),
        ({"endpoint": "a", "address": "a:443", "deadline": "2m"}, "deadline must be above"),
        ({"endpoint": "a", "address": "a:443", "authority": "ca.pem"}, "authority must be an absolute path"),
    ],
)
def test_faults_of_the_settings_are_told(table: dict[str, str], fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        structure({"certificate": [table]}, AgentSettings, Path("agent.toml"), converter())
    assert f"agent.toml: certificate[1]: {fault}" in str(caught.value)


def test_an_address_may_be_of_ipv6() -> None:
    assert CertificateSettings("a", "[::1]:8443").host_and_port == ("::1", 8443)
