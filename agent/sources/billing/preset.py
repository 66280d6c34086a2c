"""A billing system as data: the query of each check, over the views that docs/billing.md describes."""

import re
from collections.abc import Mapping
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
    "cases": ("case_scope",),
    **{
        name: (name,)
        for name in (
            *("extra", "twins", "early", "periods", "after_end", "price", "sign"),
            *("arithmetic", "chain", "bucket", "corrections", "exclusive"),
        )
    },
}
STAGES = ("charged", "refunded", "adjusted", "told", "compensated")
NAMES = {name for names in QUERIES.values() for name in names} | {
    *("case_outside", "case_unreachable"),
    *(f"case_{stage}{part}" for stage in STAGES for part in ("", "_outside")),
}


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT. `:name` stands for a value: docs/billing.md lists them."""

    sql: str
    deadline: Seconds = field(default=Seconds(5.0))


@dataclass(frozen=True, slots=True)
class BillingPreset:
    """The queries by name; a check whose queries are not all there is off. `part` holds what queries share."""

    title: str
    query: dict[str, Query]
    part: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.query) - NAMES):
            raise ValueError(f'there is no query "{unknown[0]}"; there are: {", ".join(sorted(NAMES))}')

    def has(self, check: str) -> bool:
        """Return whether all queries of a check are there."""
        return all(name in self.query for name in QUERIES[check])


def assembled(sql: str, parts: Mapping[str, str]) -> str:
    """Return a query with the parts that it names in braces, and those that they name."""
    while found := re.search(r"\{([a-z_]+)\}", sql):
        if found[1] not in parts:
            raise ValueError(f'the preset has no part "{found[1]}"')
        sql = sql.replace(found[0], parts[found[1]])
    return sql
