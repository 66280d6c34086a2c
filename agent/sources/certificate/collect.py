"""The TLS certificates that an endpoint presents: when the first of them expires, and whether clients accept all.

An intermediate that expires shows as a certificate that is not trusted any more: Python 3.11 hands out no chain.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from agent.runtime.collector import Collector, Job
from agent.sources.certificate import der, metrics
from agent.sources.certificate.addresses import addresses_of, at_each
from agent.sources.certificate.look import look, verifying
from agent.sources.certificate.settings import CertificateSettings
from agent.sources.kind import Context
from service.metric import Sample

log = logging.getLogger("agent.sources.certificate")


class Presented(NamedTuple):
    """What the endpoint showed: several certificates where it has several addresses, or keys of two kinds."""

    endpoint: str
    certificates: tuple[bytes, ...]  # DER
    trusted: bool
    refusal: str = ""  # why one of them is not


@dataclass(slots=True)
class Endpoint:
    """An endpoint, and what was last told of it."""

    settings: CertificateSettings
    told: str = ""

    def read(self) -> Presented:
        """Look at the certificates; why a client does not accept one is told once, not at every look."""
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
    """Look at the certificates; raise OSError where the endpoint shows none."""
    found = at_each(addresses_of(*settings.server), lambda address: look(settings, address), settings.deadline)
    certificates = list(dict.fromkeys(seen.certificate for looked in found.values() for seen in looked))
    # Of several it is told which.
    refusals = [
        f"{seen.kind} at {host}: {seen.refusal}" if len(certificates) > 1 else seen.refusal
        for (host, _), looked in sorted(found.items())
        for seen in looked
        if seen.refusal
    ]
    return Presented(
        settings.endpoint, tuple(certificates), trusted=not refusals, refusal=refusals[0] if refusals else ""
    )


def parse(presented: Presented) -> Iterator[Sample]:
    """Yield the first expiry and the judgement of the clients' rules."""
    try:
        expiry = min(map(der.not_after, presented.certificates))
    except ValueError as error:
        raise ValueError(f"the certificate cannot be read: {error}") from None
    yield metrics.CERTIFICATE_NOT_AFTER.sample(expiry.timestamp(), presented.endpoint)
    yield metrics.CERTIFICATE_TRUSTED.sample(float(presented.trusted), presented.endpoint)


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
