"""A middleware's subscribers, from its database or its HTTP API (docs/sources/)."""

from agent.sources.kind import SourceKind
from agent.sources.subscribers import metrics
from agent.sources.subscribers.settings import SubscribersSettings

SOURCE = SourceKind(
    title="Subscribers",
    table="subscribers",
    settings=SubscribersSettings,
    key="service",
    collector="agent.sources.subscribers.job:job",
    metrics=metrics.ALL,
    proposal="agent.sources.subscribers.proposal:proposal",
)
