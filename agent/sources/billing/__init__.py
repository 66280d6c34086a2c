"""A billing system's database: what was due, what was charged, and what does not add up (docs/billing.md)."""

from agent.sources.billing import metrics
from agent.sources.billing.settings import BillingSettings
from agent.sources.kind import SourceKind

SOURCE = SourceKind(
    title="Billing",
    table="billing",
    settings=BillingSettings,
    key="service",
    collectors="agent.sources.billing.job:jobs",
    metrics=metrics.ALL,
)
