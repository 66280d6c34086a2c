"""The TLS certificates that named endpoints present (docs/certificates.md)."""

from operator import attrgetter

from agent.sources.certificate import metrics
from agent.sources.certificate.settings import CertificateSettings
from agent.sources.kind import SourceKind

SOURCE = SourceKind(
    title="TLS certificates",
    table="certificate",
    settings=CertificateSettings,
    key="endpoint",
    name=attrgetter("endpoint"),
    collector="agent.sources.certificate.collect:job",
    metrics=metrics.ALL,
)
