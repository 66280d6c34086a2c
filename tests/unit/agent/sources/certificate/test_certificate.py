"""Settings of [[certificate]], and certificates that are none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.settings import AgentSettings, converter
from agent.sources.certificate import der
from agent.sources.certificate.collect import Presented, parse
from agent.sources.certificate.settings import CertificateSettings
from service.settings import SettingsError, structure


@given(st.binary(max_size=400))
def test_any_bytes_give_samples_or_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match="the certificate cannot be read"):
        list(parse(Presented("portal", (text,), trusted=False)))


# Dates of both notations: two digits of the year up to 2049 (RFC 5280, 4.1.2.5), four from 2050.
BEGIN = datetime(1950, 1, 1, tzinfo=UTC)
DATES = st.integers(1, 86400 * 365 * 8000).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(end: datetime, name: str, serial: int) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, KEY.public_key(), serial, BEGIN, end)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@settings(max_examples=50)
@given(DATES, st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=64), st.integers(1, 2**159 - 1))
def test_the_expiry_is_the_one_that_was_signed(end: datetime, name: str, serial: int) -> None:
    assert der.not_after(certificate(end, name, serial)) == end


WHOLE = certificate(datetime(2031, 5, 6, tzinfo=UTC), "Operator", 7)


@given(st.data())
def test_a_damaged_certificate_gives_a_moment_or_a_value_error(data: st.DataObject) -> None:
    text = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, 120))] = data.draw(st.integers(0, 255))
    try:
        assert der.not_after(bytes(text[: data.draw(st.integers(0, 300))])).tzinfo is UTC
    except ValueError:
        return


NO_TIMES = [
    "00000101000000Z",  # there is no year 0
    "20261301000000Z",
    "20260001000000Z",
    "20260229000000Z",
    "20260101240000Z",
    "20260101006000Z",
    "20260101000060Z",  # leap seconds are none to RFC 5280
    "20260101000000z",
    "20260101000000+",
    "2026-1-1000000Z",
    " 2026101000000Z",
    "2026010100000²Z",
    "\u0662\u0660\u0662\u06660101000000Z",
]


def element(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content


def with_expiry(text: str) -> bytes:
    """What leads to the expiry of a certificate: serial number, signature, issuer, validity."""
    validity = element(0x18, b"20260101000000Z") + element(0x18, text.encode())
    fields = element(0x02, b"\x07") + element(0x30, b"") * 2 + element(0x30, validity)
    return element(0x30, element(0x30, fields))


@pytest.mark.parametrize("text", NO_TIMES)
def test_an_expiry_that_is_no_time_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time|must be in|out of range|ascii|hour|year"):
        der.not_after(with_expiry(text))


def test_the_last_moment_there_is_means_that_it_never_expires() -> None:
    assert der.not_after(with_expiry("99991231235959Z")) == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"endpoint": "https://a/", "address": "a:443"}, "endpoint must be a name"),
        ({"endpoint": "a", "address": "a"}, 'address must be "HOST:PORT"'),
        ({"endpoint": "a", "address": "a:0"}, 'address must be "HOST:PORT"'),
        ({"endpoint": "a", "address": "a:443", "interval": "1s"}, "interval must be between"),
        ({"endpoint": "a", "address": "a:443", "server_name": "a..b"}, "server_name, and the host in address"),
        ({"endpoint": "a", "address": f"{'a' * 64}.kz:443"}, "server_name, and the host in address"),
        ({"endpoint": "a", "address": "a:443", "deadline": "2m"}, "deadline must be above"),
        ({"endpoint": "a", "address": "a:443", "authority": "ca.pem"}, "authority must be an absolute path"),
    ],
)
def test_faults_of_the_settings_are_told(table: dict[str, str], fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        structure({"certificate": [table]}, AgentSettings, Path("agent.toml"), converter())
    assert f"agent.toml: certificate[1]: {fault}" in str(caught.value)


def test_an_address_may_be_of_ipv6() -> None:
    assert CertificateSettings("a", "[::1]:8443").server == ("::1", 8443)
