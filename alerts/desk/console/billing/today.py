"""What Prometheus knows of the billings: today, the days of the last months, and which checks are made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import isfinite

from fastapi import Request

from alerts.desk.console.shared import Known, Shared
from alerts.desk.tickets.runtime import Runtime
from service.http_clients import inside
from service.prometheus import Client, Sample, Window, finite

PERIOD, KEEP = 15.0, 120.0
MONTHS = 13
DAY = timedelta(days=1)
_MONTHS_EVERY = timedelta(minutes=30)
# Of two agents that read one billing the larger figure counts.
FIGURES = {
    name: f"sum by (service) (max by (service, tariff) ({metric}))"
    for name, metric in (
        ("due", "ott_billing_due"),
        ("charged", "ott_billing_charged"),
        ("unexplained", "ott_billing_unexplained"),
        ("unexplained_minor", "ott_billing_unexplained_amount_minor"),
        ("overdue", "ott_billing_overdue"),
    )
}
FIGURES["reasons"] = "sum by (service) (max by (service, tariff, reason) (ott_billing_outcomes))"
FIGURES["lag"] = "max by (service) (ott_billing_source_lag_seconds)"
_CHECKS = "max by (service, check, state) (ott_billing_check) == 1"
# A day's figures as they were in its last minutes; a day without any stays unknown.
_DAYS = (
    "1 - sum by (service) (max by (service, tariff) (last_over_time(ott_billing_unexplained[2h])))"
    " / (sum by (service) (max by (service, tariff) (last_over_time(ott_billing_due[2h]))) > 0)"
)


@dataclass(frozen=True, slots=True)
class Today:
    """One service's figures of today; a figure that is missing is unknown."""

    service: str
    figures: Mapping[str, float]

    @property
    def share(self) -> float | None:
        """Return which part of what was due is charged or has a reason."""
        due, unexplained = self.figures.get("due"), self.figures.get("unexplained")
        return None if not due or unexplained is None else 1 - unexplained / due


@dataclass(frozen=True, slots=True)
class Billings:
    """All billings."""

    today: Sequence[Today]
    days: Mapping[str, Mapping[date, float]]  # completeness by service and day
    checks: Sequence[tuple[str, str, str]]  # service, check, state


class Asker:
    """Asks Prometheus; the months are asked for more rarely."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._http = inside()
        self._days: dict[str, dict[date, float]] = {}
        self._asked: datetime | None = None

    def ask(self) -> Billings:
        """Return what is known now; raise OSError or PrometheusError."""
        client, now = self._runtime.prometheus(self._http), self._runtime.now()
        found: dict[str, dict[str, float]] = {}
        for name, expression in FIGURES.items():
            for labels, value in client.query(expression):
                if isfinite(value):
                    found.setdefault(labels.get("service", ""), {})[name] = value
        checks = sorted({_check(sample) for sample in client.query(_CHECKS)})
        if self._asked is None or now - self._asked > _MONTHS_EVERY:
            self._days, self._asked = self._months(client, now), now
        return Billings([Today(service, found[service]) for service in sorted(found)], self._days, checks)

    def _months(self, client: Client, now: datetime) -> dict[str, dict[date, float]]:
        zone = self._runtime.settings.zone
        today = now.astimezone(zone).date()
        first = first_day(today)
        # A minute before the day ends: the last figures of a day are those of its end.
        end = datetime.combine(today, time(), zone) - timedelta(minutes=1)
        start = datetime.combine(first + DAY, time(), zone) - timedelta(minutes=1)
        series = client.query_range(_DAYS, Window(start.timestamp(), end.timestamp(), DAY.total_seconds()))
        return {
            each.labels.get("service", ""): {
                datetime.fromtimestamp(at, zone).date(): value for at, value in finite(each).points
            }
            for each in series
        }


def first_day(today: date) -> date:
    """Return the first day of the oldest month that is shown."""
    months = today.year * 12 + today.month - MONTHS
    return date(months // 12, months % 12 + 1, 1)


def _check(sample: Sample) -> tuple[str, str, str]:
    labels = sample.labels
    return labels.get("service", ""), labels.get("check", ""), labels.get("state", "")


async def latest(request: Request) -> Known[Billings]:
    """Return what is known, as every page of the desk sees it."""
    of_all: Shared[Billings] = request.app.state.billings
    return await of_all.latest()


def shared(runtime: Runtime) -> Shared[Billings]:
    """Return what many readers share."""
    ask: Callable[[], Billings] = Asker(runtime).ask
    return Shared(ask, PERIOD, KEEP)
