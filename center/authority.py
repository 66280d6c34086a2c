"""TLS between centre and nodes: a small authority, or certificates that are given."""

import ipaddress
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from center.changes import write
from center.places import Places
from center.refused import RefusedError

T = TypeVar("T")

YEARS = timedelta(days=365)
AUTHORITY_LIFE, NODE_LIFE = 20 * YEARS, 5 * YEARS
FILES = ("ca.pem", "scraper.pem", "scraper.key")


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: str
    key: str


def is_on(places: Places) -> bool:
    """Return whether Prometheus asks the nodes over TLS."""
    return all((places.tls / name).exists() for name in FILES)


def own(places: Places) -> bool:
    """Return whether the certificates are ours."""
    return (places.authority / "ca.key").exists()


def create(places: Places, now: datetime, owner: tuple[int, int]) -> None:
    """Make the authority and Prometheus' own certificate, unless they are there."""
    if is_on(places) and own(places):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ottwatch authority")])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = _builder(name, name, key.public_key(), now, AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    write(places.authority / "ca.key", _pem(key), 0o600)
    write(places.authority / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM).decode(), 0o644)
    pair = issue(places, "ottwatch prometheus", [], now, ExtendedKeyUsageOID.CLIENT_AUTH)
    _install(places, (places.authority / "ca.pem").read_text("utf-8"), pair, owner)


def take(places: Places, ca: Path, pair: tuple[Path, Path], owner: tuple[int, int]) -> None:
    """Use a given certificate and its key."""
    certificate, key = pair
    _read(ca, x509.load_pem_x509_certificates, "certificates in PEM")
    loaded = _read(certificate, x509.load_pem_x509_certificate, "a certificate in PEM")
    private = _read(key, lambda text: serialization.load_pem_private_key(text, None), "a key in PEM without a password")
    if loaded.public_key() != private.public_key():
        raise RefusedError(f"{key}: is not the key of {certificate}")
    shutil.rmtree(places.authority, ignore_errors=True)
    _install(places, ca.read_text("utf-8"), Pair(certificate.read_text("utf-8"), key.read_text("utf-8")), owner)


def _read(file: Path, load: Callable[[bytes], T], wanted: str) -> T:
    try:
        return load(file.read_bytes())
    except OSError as error:
        raise RefusedError(f"{file}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):  # TypeError: a key with a password
        raise RefusedError(f"{file}: is not {wanted}") from None


def remove(places: Places) -> None:
    """Let Prometheus ask without TLS; the authority stays, so that switching on again changes no node."""
    shutil.rmtree(places.tls, ignore_errors=True)


def bundle(places: Places, name: str, address: str, now: datetime) -> Path:
    """Make a node's certificate; return the file that `ott-agent join` reads on the node."""
    host = address.rpartition(":")[0].strip("[]")
    pair = issue(places, name, [host, name], now, ExtendedKeyUsageOID.SERVER_AUTH)
    content = {
        "listen": address,
        "certificate": pair.certificate,
        "key": pair.key,
        "client_ca": (places.authority / "ca.pem").read_text("utf-8"),
    }
    file = places.state / "nodes" / f"{name}.ottwatch"
    write(file, json.dumps(content, indent=1) + "\n", 0o600)
    return file


def issue(places: Places, name: str, hosts: list[str], now: datetime, usage: x509.ObjectIdentifier) -> Pair:
    """Return a certificate of the authority."""
    signer = serialization.load_pem_private_key((places.authority / "ca.key").read_bytes(), password=None)
    authority = x509.load_pem_x509_certificate((places.authority / "ca.pem").read_bytes())
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise RefusedError(f"{places.authority / 'ca.key'}: is not the key that ott-center made")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    life = min(NODE_LIFE, authority.not_valid_after_utc - now)
    builder = _builder(subject, authority.subject, key.public_key(), now, life)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = builder.add_extension(issuer, critical=False).sign(signer, hashes.SHA256())
    return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), _pem(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # a node whose clock is a little behind
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _install(places: Places, ca: str, pair: Pair, owner: tuple[int, int]) -> None:
    write(places.tls / "ca.pem", ca, 0o644)
    write(places.tls / "scraper.pem", pair.certificate, 0o644)
    write(places.tls / "scraper.key", pair.key, 0o400, owner)
