"""What one server shows of its certificates, by handshakes.

A date is wanted most when clients no longer accept the certificate, so it is then taken without verification, and by
whatever the server still speaks.

A server may have a certificate with a key of RSA beside one of elliptic curves, and shows each client one that this
client can use. The other is asked for by TLS 1.2, where the cipher names the kind; of a server that speaks TLS 1.3
only, Python 3.11 cannot ask for it.
"""

import ssl
import time
from pathlib import Path
from typing import NamedTuple

from agent.runtime.http import name_in_tls
from agent.runtime.reasons import reason_of
from agent.sources.certificate.handshake import Shaken, Signer, shake
from agent.sources.certificate.settings import CertificateSettings

# Of OpenSSL, named by Python since 3.12: servers of before RFC 5746 (2010).
_LEGACY_SERVER = ssl.Options(0x4)
# The identifier of a key of RSA (RFC 3279), as it stands in a certificate.
_RSA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"


class Seen(NamedTuple):
    """One certificate of a server."""

    certificate: bytes  # DER
    refusal: str = ""  # why a client does not accept it
    signers: tuple[Signer, ...] = ()  # by whom it is accepted

    @property
    def kind(self) -> str:
        """The kind of its key."""
        return "RSA" if _RSA in self.certificate else "ECDSA"


def look(settings: CertificateSettings, address: tuple[str, int]) -> list[Seen]:
    """Return the certificates of the server at an address; raise OSError where it shows none."""
    end = time.monotonic() + settings.deadline
    trust = verifying(settings.authority)
    shaken = _shaken(settings, address, trust, settings.deadline)
    first = _judged(shaken)
    if first is None:
        if not isinstance(shaken.error, ssl.SSLError):
            raise shaken.error or OSError("presented no certificate")
        certificate = _shaken(settings, address, _looking(), settings.deadline).certificate
        if not certificate:
            raise shaken.error
        return [Seen(certificate, reason_of(shaken.error))]
    left = end - time.monotonic()
    other = _other(settings, address, trust, first, left) if left > 0 else None
    return [first] if other is None or other.certificate == first.certificate else [first, other]


def _judged(shaken: Shaken) -> Seen | None:
    """Return the certificate that came, None where none did."""
    certificate, error, signers = shaken
    if not certificate:
        return None
    # It was verified when it came, before the server found that it wants a certificate of the client.
    accepted = error is None or _by_server(error)
    return Seen(certificate, signers=signers) if accepted else Seen(certificate, reason_of(error)) if error else None


def _other(
    settings: CertificateSettings, address: tuple[str, int], trust: ssl.SSLContext, first: Seen, patience: float
) -> Seen | None:
    """Return the certificate of the other kind, None where the server has none."""
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    trust.set_ciphers("aECDSA" if first.kind == "RSA" else "aRSA")
    try:
        return _judged(_shaken(settings, address, trust, patience))
    except OSError:
        return None


def _by_server(error: OSError) -> bool:
    """Return whether the server broke off, and not our side."""
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError):
        return True
    return "_ALERT_" in (error.reason or "")


def _looking() -> ssl.SSLContext:
    """Return what finds nothing too old and nothing too weak, to look at the certificate only."""
    looking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    looking.check_hostname = False
    looking.verify_mode = ssl.CERT_NONE
    looking.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    looking.set_ciphers("ALL:@SECLEVEL=0")
    looking.options |= _LEGACY_SERVER
    return looking


def verifying(authority: Path | None) -> ssl.SSLContext:
    """Return what clients check by; raise OSError for an authority that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:  # SSLError, too; neither names the file
        raise OSError(f"authority: {authority} cannot be used: {_unusable(error)}") from None
    if authority is not None:
        # Whom the settings name is trusted, also where another authority has signed it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _unusable(error: OSError) -> str:
    return "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else reason_of(error)


def _shaken(
    settings: CertificateSettings, address: tuple[str, int], context: ssl.SSLContext, patience: float
) -> Shaken:
    name = name_in_tls(settings.server_name or settings.server[0])
    return shake(address, name, context, patience)
