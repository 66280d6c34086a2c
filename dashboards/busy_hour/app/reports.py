"""Reports out of the store: which records belong to which report, and the rules out of the settings."""

from collections.abc import Sequence
from datetime import date

from dashboards.busy_hour.app import settings
from dashboards.busy_hour.app.settings import Settings
from dashboards.busy_hour.measures.quantities import SHARES
from dashboards.busy_hour.measures.series import HOUR
from dashboards.busy_hour.records.record import Record
from dashboards.busy_hour.records.store import Store
from dashboards.busy_hour.report.report import Report, ReportError, Rules, build
from service import progress

Wanted = tuple[Sequence[str] | None, Sequence[str] | None]
Period = tuple[date | None, date | None]


def rules_of(chosen: Settings) -> Rules:
    """Return the planner's rules out of the settings."""
    fixed = chosen.fixed_hour
    return Rules(
        calendar=chosen.calendar,
        min_coverage=chosen.min_coverage,
        weekend=settings.weekdays(chosen.weekend),
        fixed_clock=None if fixed is None else fixed.hour * HOUR + fixed.minute * 60,
        fixed_period=settings.period(chosen.fixed_period) if chosen.fixed_period else None,
        exceptional={entry.date: entry.reason for entry in chosen.exceptional_day},
        capacities=tuple(chosen.capacity),
    )


def build_all(store: Store, rules: Rules, wanted: Wanted, period: Period) -> list[Report]:
    """Return the reports of the wanted scopes and quantities; None wants all that is recorded."""
    scopes, quantities = wanted
    recorded = [(scope, quantity) for scope, quantity, *_ in store.series()]
    pairs = [
        (scope, quantity)
        for scope, quantity in recorded
        if (scopes is None or scope in scopes) and (quantities is None or quantity in quantities)
    ]
    asked = [(scope, quantity) for scope in scopes or [] for quantity in quantities or []]
    missing = [pair for pair in asked if pair not in recorded]
    if missing or not pairs:
        scope, quantity = (
            missing[0] if missing else (", ".join(scopes or ["any scope"]), ", ".join(quantities or ["any"]))
        )
        known = ", ".join(f"{name} of {place}" for place, name in recorded[:20]) or "nothing"
        raise ReportError(f"{quantity} of {scope} is not recorded; recorded: {known}")
    last = period[1]
    loaded: dict[tuple[str, str], list[Record]] = {}

    def load(pair: tuple[str, str]) -> list[Record]:
        if pair not in loaded:
            loaded[pair] = store.load(*pair, last=last)
        return loaded[pair]

    made = []
    for pair in progress.over(pairs, "report", "series"):
        elements = {scope: load((scope, quantity)) for scope, quantity in _elements(pair, recorded, rules)}
        made.append(build(pair, load(pair), elements, rules, period))
    return made


def _elements(pair: tuple[str, str], recorded: Sequence[tuple[str, str]], rules: Rules) -> list[tuple[str, str]]:
    """Return the parts whose peaks are compared with the whole's: a site's nodes, the platform's nodes or sites.

    Shares do not add up, so a load or a stall ratio has none.
    """
    scope, quantity = pair
    if quantity in SHARES or scope.startswith("node:"):
        return []
    same = [found for found in recorded if found[1] == quantity]
    nodes = [found for found in same if found[0].startswith("node:")]
    if scope == "platform":
        return nodes or [found for found in same if found[0].startswith("site:")]
    here = {entry.scope for entry in rules.capacities if entry.site and f"site:{entry.site}" == scope}
    return [found for found in nodes if found[0] in here]
