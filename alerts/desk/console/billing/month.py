"""What Prometheus and the desk know of the billings in a month: runs, completeness, money, and the cases that began."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from statistics import median
from typing import NamedTuple

from sqlalchemy import Connection

from alerts.desk.billing import store
from alerts.desk.billing.case import Case
from alerts.desk.billing.figures import Scope
from alerts.desk.billing.kinds import Stage
from alerts.desk.billing.measures import SHARES, Measures, measures
from service.prometheus import Client, Window, finite

DAY = timedelta(days=1)
OUTSIDE = "outside_bundle"
# Of two agents that read one billing the larger figure counts. A day's figures are those of its last minutes.
_AT_THE_END = "sum by (service) (max by (service, tariff) (last_over_time({}[2h])))"
_FIRED = 'max by (service) (max_over_time(ALERTS{{alertname="{}",alertstate="firing"}}[1d]))'
_ALERTS = {"late_days": "BillingRunMissing", "twice_days": "BillingRunTwice"}
DAILY = {
    "due": _AT_THE_END.format("ott_billing_due"),
    "charged": _AT_THE_END.format("ott_billing_charged"),
    "reasons": "sum by (service) (max by (service, tariff, reason) (last_over_time(ott_billing_outcomes[2h])))",
    "unexplained": _AT_THE_END.format("ott_billing_unexplained"),
    "unexplained_minor": _AT_THE_END.format("ott_billing_unexplained_amount_minor"),
    "charged_minor": (
        "sum by (service) (max by (service, tariff, kind) (increase(ott_billing_amount_minor_total[1d])))"
    ),
    "runs": "sum by (service) (max by (service, kind) (changes(ott_billing_run_started_timestamp_seconds[1d])))",
    **{name: _FIRED.format(alert) for name, alert in _ALERTS.items()},
}


@dataclass(frozen=True, slots=True)
class Billed:
    """One service's month: sums over its days; what no day has a figure for is not there."""

    service: str
    known_days: int  # for which it is known what was due and what became of it
    whole_days: int  # on which nothing was unexplained
    figures: Mapping[str, float]

    @property
    def share(self) -> float | None:
        """Return which part of what was due is charged or has a reason."""
        due, unexplained = self.figures.get("due"), self.figures.get("unexplained")
        return None if not due or unexplained is None else 1 - unexplained / due


class Told(NamedTuple):
    """A case that was opened in the month; money in minor units."""

    case: Case
    scope: Scope | None  # the final one, or the latest
    measures: Measures
    money: int | None  # not charged, in excess, or shown wrong
    outside: int | None
    returned: int | None

    @property
    def open(self) -> int:
        """Return the accounts that are still to be dealt with in the stage that has most of them."""
        return max((self.case.stages[s].open for s in self.case.required if s in self.case.stages), default=0)


@dataclass(frozen=True, slots=True)
class Month:
    """The report."""

    first: date
    days: int  # that are over
    billed: Sequence[Billed]
    cases: Sequence[Told]

    def typical(self) -> dict[str, float | None]:
        """Return the median of each measure over the cases, in seconds; None where no case has it."""
        names = {"noticed": [each.measures.noticed for each in self.cases]}
        names["scoped"] = [each.measures.scoped for each in self.cases]
        names |= {str(share): [each.measures.corrected[share] for each in self.cases] for share in SHARES}
        known = {name: [value for value in values if value is not None] for name, values in names.items()}
        return {name: median(values) if values else None for name, values in known.items()}


def first_of(text: str, today: date) -> date:
    """Return the first day of a month such as "2026-03", of the one before `today` without one; raise ValueError."""
    if not text:
        return (today.replace(day=1) - DAY).replace(day=1)
    first = date.fromisoformat(f"{text}-01")
    if not date(1971, 1, 1) <= first <= today:
        raise ValueError(text)
    return first


def next_month(first: date) -> date:
    """Return the first day of the month after."""
    return (first + 31 * DAY).replace(day=1)


def billed(client: Client, first: date, today: date, zone: tzinfo) -> list[Billed]:
    """Return each service's month, as far as it is over; raise PrometheusUnavailableError or QueryRejectedError."""
    end = min(next_month(first), today)
    if end <= first:
        return []
    # A minute before the day ends: the last figures of a day are those of its end.
    start, last = (datetime.combine(day, time(), zone) - timedelta(minutes=1) for day in (first + DAY, end))
    window = Window(start.timestamp(), last.timestamp(), DAY.total_seconds())
    days: dict[str, dict[str, dict[date, float]]] = {}
    for name, expression in DAILY.items():
        for series in client.query_range(expression, window):
            points = {datetime.fromtimestamp(at, zone).date(): value for at, value in finite(series).points}
            days.setdefault(series.labels.get("service", ""), {})[name] = points
    return [_billed(service, days[service]) for service in sorted(days)]


def _billed(service: str, days: Mapping[str, Mapping[date, float]]) -> Billed:
    unexplained, due = days.get("unexplained", {}), days.get("due", {})
    known = unexplained.keys() & due.keys()
    # Of a day with half of its figures none counts: a sum of unlike days would be no share.
    sums = {name: sum(points.values()) for name, points in days.items()}
    sums |= {name: sum(days[name][day] for day in known) for name in ("due", "unexplained") if known}
    # An alert that never fired has no series.
    sums = dict.fromkeys(_ALERTS, 0.0) | sums if known else sums
    return Billed(service, len(known), sum(not unexplained[day] for day in known), sums)


def told(connection: Connection, first: date, zone: tzinfo) -> list[Told]:
    """Return the cases of a month, oldest first."""
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, next_month(first)))
    return [_told(connection, case) for case in store.opened(connection, start, end)]


def _told(connection: Connection, case: Case) -> Told:
    versions, counts = store.scopes(connection, case.id), store.counts(connection, case.id)
    scope = next((each.scope for each in versions if each.final), versions[-1].scope if versions else case.scope)
    sums = {} if scope is None else {name: scope.sum_of(name) for name in scope.money}
    money = [value for name, value in sums.items() if name != OUTSIDE and value is not None]
    refunded = case.stages.get(Stage.REFUNDED)
    return Told(
        case,
        scope,
        measures(case, versions, counts),
        sum(money) if money else None,
        sums.get(OUTSIDE),
        None if refunded is None else refunded.money_done,
    )
