"""The TLS certificate that an endpoint presents: when it expires, and whether clients accept it.

Its date is wanted most when clients no longer accept it, so it is then taken without verification, and by whatever the
server still speaks. An intermediate that expires shows as a certificate that is not trusted any more: Python 3.11 hands
out no chain.
"""

import logging
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from agent.runtime.collector import Collector, Job
from agent.runtime.http import name_in_tls
from agent.runtime.reasons import reason_of
from agent.sources.certificate import der, metrics
from agent.sources.certificate.handshake import Shaken, shake
from agent.sources.certificate.settings import CertificateSettings
from agent.sources.kind import Context
from service.metric import Sample

log = logging.getLogger("agent.sources.certificate")

# Of OpenSSL, named by Python since 3.12: servers of before RFC 5746 (2010).
_LEGACY_SERVER = ssl.Options(0x4)


class Presented(NamedTuple):
    """What the endpoint showed."""

    endpoint: str
    certificate: bytes  # DER
    trusted: bool
    refusal: str = ""  # why it is not


@dataclass(slots=True)
class Endpoint:
    """An endpoint, and what was last told of it."""

    settings: CertificateSettings
    told: str = ""

    def read(self) -> Presented:
        """Look at the certificate; why a client does not accept it is told once, not at every look."""
        presented = read(self.settings)
        if presented.refusal != self.told:
            self.told = presented.refusal
            if presented.refusal:
                log.warning(
                    "certificate not accepted", extra={"endpoint": presented.endpoint, "reason": presented.refusal}
                )
            else:
                log.info("certificate accepted again", extra={"endpoint": presented.endpoint})
        return presented


def read(settings: CertificateSettings) -> Presented:
    """Look at the certificate; raise OSError where the endpoint shows none."""
    certificate, error = _shaken(settings, verifying(settings.authority))
    if error is None:
        return Presented(settings.endpoint, _shown(certificate), trusted=True)
    if certificate and _by_server(error):
        # It was verified when it came, before the server found that it wants a certificate of the client.
        return Presented(settings.endpoint, certificate, trusted=True)
    if not isinstance(error, ssl.SSLError):
        raise error
    if not certificate:
        certificate = _shaken(settings, _looking()).certificate
    if not certificate:
        raise error
    return Presented(settings.endpoint, certificate, trusted=False, refusal=reason_of(error))


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


def parse(presented: Presented) -> Iterator[Sample]:
    """Yield the expiry and the judgement of the clients' rules."""
    try:
        expiry = der.not_after(presented.certificate)
    except ValueError as error:
        raise ValueError(f"the certificate cannot be read: {error}") from None
    yield metrics.CERTIFICATE_NOT_AFTER.sample(expiry.timestamp(), presented.endpoint)
    yield metrics.CERTIFICATE_TRUSTED.sample(float(presented.trusted), presented.endpoint)


def _shaken(settings: CertificateSettings, context: ssl.SSLContext) -> Shaken:
    name = name_in_tls(settings.server_name or settings.server[0])
    return shake(settings.server, name, context, settings.deadline)


def _shown(certificate: bytes) -> bytes:
    if not certificate:
        raise OSError("presented no certificate")
    return certificate


COLLECTOR = Collector("certificate", Endpoint.read, parse, (metrics.CERTIFICATE_NOT_AFTER, metrics.CERTIFICATE_TRUSTED))


def job(settings: CertificateSettings, _: Context) -> Job:
    """Return the job of one endpoint; raise OSError for an authority that cannot be used."""
    verifying(settings.authority)
    return COLLECTOR.on(
        Endpoint(settings),
        name=f"certificate_{settings.endpoint}",
        interval=settings.interval,
        deadline=settings.deadline,
    )
