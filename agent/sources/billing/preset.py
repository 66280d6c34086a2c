"""A billing system as data: the query of each check, over the views that docs/billing.md describes."""

from dataclasses import dataclass, field

from service.settings import Seconds

# Which queries a check asks.
QUERIES = {
    "source": ("source", "subscriptions"),
    "flow": ("charges",),
    "overdue": ("overdue", "recent"),
    "completeness": ("completeness",),
    "reasons": ("reasons",),
    "runs": ("runs",),
    "conservation": ("snapshots", "conservation"),
    "displayed": ("latest_snapshot", "displayed"),
    "outside": ("outside", "outside_accounts"),
    **{
        name: (name,)
        for name in (
            *("extra", "twins", "early", "periods", "after_end", "price", "sign"),
            *("arithmetic", "chain", "bucket", "corrections"),
        )
    },
}
NAMES = {name for names in QUERIES.values() for name in names}


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT. `:name` stands for a value: docs/billing.md lists them."""

    sql: str
    deadline: Seconds = field(default=Seconds(5.0))


@dataclass(frozen=True, slots=True)
class BillingPreset:
    """The queries by name; a check whose queries are not all there is off."""

    title: str
    query: dict[str, Query]

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.query) - NAMES):
            raise ValueError(f'there is no query "{unknown[0]}"; there are: {", ".join(sorted(NAMES))}')

    def has(self, check: str) -> bool:
        """Return whether all queries of a check are there."""
        return all(name in self.query for name in QUERIES[check])
