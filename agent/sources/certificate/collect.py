"""The TLS certificates that an endpoint presents: when the first of them expires, and whether clients accept all.

Where clients accept one, the intermediates and the root by which they do count, too: with the first that expires they
accept it no more.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple

from agent.runtime.collector import Collector, Job
from agent.sources.certificate import der, metrics
from agent.sources.certificate.addresses import addresses_of, at_each
from agent.sources.certificate.handshake import Signer
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
    signers: tuple[Signer, ...] = ()  # by whom they are accepted

    def expiry(self) -> float:
        """Return the Unix time at which the first of the endpoint's own certificates expires; raise ValueError."""
        return min(der.not_after(certificate).timestamp() for certificate in self.certificates)

    def signer_before(self) -> Signer | None:
        """Return whose certificate expires before the endpoint's own, the first of them; raise ValueError."""
        first = min(self.signers, key=attrgetter("expires"), default=None)
        return first if first is not None and first.expires < self.expiry() else None


@dataclass(slots=True)
class Endpoint:
    """An endpoint, and what was last told of it."""

    settings: CertificateSettings
    told: str = ""
    named: Signer | None = None  # whose certificate expires before the endpoint's own

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
        self._name(presented)
        return presented

    def _name(self, presented: Presented) -> None:
        """Say whose certificate expires before the endpoint's own, which is the one that people look at."""
        with suppress(ValueError):  # `parse` says it
            first = presented.signer_before()
            if first is not None and first != self.named:
                day = datetime.fromtimestamp(first.expires, UTC).isoformat()
                found = {"endpoint": presented.endpoint, "authority": first.name, "expires": day}
                log.warning("an authority's certificate expires before the endpoint's own", extra=found)
            self.named = first


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
    signers = dict.fromkeys(signer for looked in found.values() for seen in looked for signer in seen.signers)
    refusal = refusals[0] if refusals else ""
    return Presented(settings.endpoint, tuple(certificates), not refusals, refusal, tuple(signers))


def parse(presented: Presented) -> Iterator[Sample]:
    """Yield the first expiry and the judgement of the clients' rules."""
    try:
        first = presented.signer_before()
        expiry = presented.expiry() if first is None else first.expires
    except ValueError as error:
        raise ValueError(f"the certificate cannot be read: {error}") from None
    yield metrics.CERTIFICATE_NOT_AFTER.sample(expiry, presented.endpoint)
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
