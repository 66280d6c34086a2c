"""The TLS certificate that an endpoint presents: when it expires, and whether clients accept it.

Its date is wanted most when clients no longer accept it, so it is then taken without verification. An intermediate
that expires shows as a certificate that is not trusted any more: Python 3.11 hands out no chain.
"""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.runtime.collector import Collector, Job
from agent.runtime.reasons import reason_of
from agent.sources.certificate import der, metrics
from agent.sources.certificate.settings import CertificateSettings
from agent.sources.kind import Context
from service.metric import Sample


class Presented(NamedTuple):
    """What the endpoint showed."""

    endpoint: str
    certificate: bytes  # DER
    trusted: bool


def read(settings: CertificateSettings) -> Presented:
    context = verifying(settings.authority)
    try:
        return Presented(settings.endpoint, _certificate(settings, context), trusted=True)
    except ssl.SSLCertVerificationError:
        looking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        looking.check_hostname = False
        looking.verify_mode = ssl.CERT_NONE
        return Presented(settings.endpoint, _certificate(settings, looking), trusted=False)


def verifying(authority: Path | None) -> ssl.SSLContext:
    """Return what clients check by; raise OSError for an authority that cannot be used."""
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:  # SSLError, too; neither names the file
        raise OSError(f"authority: {authority} cannot be used: {_unusable(error)}") from None


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


def _certificate(settings: CertificateSettings, context: ssl.SSLContext) -> bytes:
    host, port = settings.server
    with (
        socket.create_connection((host, port), timeout=settings.deadline) as plain,
        context.wrap_socket(plain, server_hostname=settings.server_name or host) as wrapped,
    ):
        certificate = wrapped.getpeercert(binary_form=True)
    if not certificate:
        raise OSError("presented no certificate")
    return certificate


COLLECTOR = Collector("certificate", read, parse, (metrics.CERTIFICATE_NOT_AFTER, metrics.CERTIFICATE_TRUSTED))


def job(settings: CertificateSettings, _: Context) -> Job:
    """Return the job of one endpoint; raise OSError for an authority that cannot be used."""
    verifying(settings.authority)
    return COLLECTOR.on(
        settings, name=f"certificate_{settings.endpoint}", interval=settings.interval, deadline=settings.deadline
    )
