"""A billing system as data: the query of each check, over the views that docs/billing.md describes.

A preset has queries of its own, or the views as SELECTs over the system's own tables: then the generic preset's queries
read these.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.sources.presets import load_preset
from service.settings import Seconds

# Which queries a check asks.
QUERIES = {
    "source": ("source", "subscriptions"),
    "flow": ("charges",),
    "overdue": ("overdue", "recent", "waiting_since"),
    "completeness": ("completeness",),
    "reasons": ("reasons",),
    "runs": ("runs",),
    "conservation": ("snapshots", "conservation"),
    "displayed": ("latest_snapshot", "displayed"),
    "outside": ("outside", "outside_accounts"),
    "cases": ("case_scope",),
    "free_months": ("free_months",),
    **{
        name: (name,)
        for name in (
            *("extra", "twins", "early", "periods", "after_end", "price", "sign"),
            *("documents", "arithmetic", "chain", "bucket", "corrections", "exclusive"),
        )
    },
}
VIEWS = ("source", "subscription", "charge", "outcome", "movement", "document", "balance", "run", "notice")
STAGES = ("charged", "refunded", "adjusted", "told", "compensated")
NAMES = {name for names in QUERIES.values() for name in names} | {
    *("snapshot_size", "case_outside", "case_unreachable"),
    *(f"case_{stage}{part}" for stage in STAGES for part in ("", "_outside")),
}


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT. `:name` stands for a value: docs/billing.md lists them."""

    sql: str
    deadline: Seconds = field(default=Seconds(5.0))
    tables: list[str] = field(default_factory=list)  # parts that it reads as tables, each after those that it reads
    mysql: str = ""  # instead of `sql` for MariaDB and MySQL, where these would plan it badly

    def of(self, kind: str) -> str:
        """Return the SELECT for a kind of database."""
        return self.mysql if self.mysql and kind == "mysql" else self.sql


@dataclass(frozen=True, slots=True)
class BillingPreset:
    """The queries by name; a check whose queries are not all there is off. `part` holds what queries share."""

    title: str
    query: dict[str, Query] = field(default_factory=dict)
    part: dict[str, str] = field(default_factory=dict)
    view: dict[str, str] = field(default_factory=dict)  # a SELECT for each view that the system has data for
    database: str = ""  # the kind that the SELECTs are written for: postgresql or mysql

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.view) - set(VIEWS)):
            raise ValueError(f'there is no view "{unknown[0]}"; there are: {", ".join(VIEWS)}')
        if self.view and self.database not in ("postgresql", "mysql"):
            raise ValueError('database must be "postgresql" or "mysql" where a preset has views')
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


def joined(queries: Sequence[Query], parts: Mapping[str, str]) -> str:
    """Return one statement with the rows of several queries, which works out each table that they share once.

    A table whose part is empty is left out. Raise ValueError for a part that is not there.
    """
    tables = list(dict.fromkeys(name for query in queries for name in query.tables))
    common = [f"{name} AS (\n{sql.strip()}\n)" for name in tables if (sql := assembled(f"{{{name}}}", parts)).strip()]
    selects = [assembled(query.sql, parts).strip() for query in queries]
    return (f"WITH {', '.join(common)}\n" if common else "") + "\nUNION ALL\n".join(selects)


_VIEW = re.compile(r"\bbilling_(\w+)(?:\s+([a-z])\b)?")


def load(name: str, kind: str) -> BillingPreset:
    """Return a preset by name or path for a kind of database; raise SettingsError, or ValueError for the wrong kind."""
    preset = load_preset(BillingPreset, "billing", name)
    if preset.database and kind == "sqlite":
        raise ValueError(f'preset "{name}" reads a database; leave it out where a url gives the views')
    if preset.database and preset.database != kind:
        raise ValueError(f'preset "{name}" is written for {preset.database}, and the database is {kind}')
    return over_views(preset, load_preset(BillingPreset, "billing", "generic")) if preset.view else preset


def over_views(preset: BillingPreset, generic: BillingPreset) -> BillingPreset:
    """Return a preset with the generic queries over its views; one that needs a view that it lacks is left out."""
    queries = {
        name: replace(query, sql=sql, mysql="")
        for name, query in (generic.query | preset.query).items()
        if (sql := _over(query.of(preset.database), preset.view)) is not None
    }
    shared = {**generic.part, **preset.part}
    parts = {name: sql for name, text in shared.items() if (sql := _over(text, preset.view)) is not None}
    if parts.keys() != shared.keys():  # a case is counted with all of them
        queries = {name: query for name, query in queries.items() if not name.startswith("case_")}
    return replace(preset, query=queries, part=parts)


def _over(sql: str, views: Mapping[str, str]) -> str | None:
    if any(found[1] not in views for found in _VIEW.finditer(sql)):
        return None
    return _VIEW.sub(lambda found: f"({views[found[1]].strip()}) {found[2] or found[1]}", sql)
