"""Healthy months: whether the rules of billing say anything that is not so.

Five billings of 5,000 accounts (`bench.billing_world`) live through 92 days each. Between them they have the month ends
28, 29, 30 and 31, 29 February, New Year, Nauryz with days moved, payday, campaigns, price changes at midnight, changes
of plan, slow runs, declared moves of the run, a replica that lags by up to 20 minutes, and Kazakhstan's change of zone
on 1 March 2024. All checks are asked with the shipped settings, every other minute in the nights that are special,
rarer else; a rule that holds at one moment counts, whether or not its alert would have waited. Then a run is moved and
nobody says so.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import NamedTuple

from agent.sources.billing.calendar import DAY
from agent.sources.billing.job import checks
from agent.sources.billing.reading import Asking
from agent.sources.billing.settings import BillingSettings
from bench.billing_figures import Figures
from bench.billing_world import CALENDAR, SERVICE, Plan, World, moments
from service.metric import Sample
from tests.contract.agent.billing.asked import PRESET, billing
from tests.contract.agent.billing.schema import ALMATY
from tests.contract.agent.databases import postgresql

MINUTE = timedelta(minutes=1)
# docs/alerts.md
LAG, LATE, DRIFT, STOPPED, MISSING, MISSING_RATIO, OUTSIDE = 120, 300, 300, 20, 50, 0.02, 50
BROKEN = {
    "BillingLeftOver": ("left_over",),
    "BillingDoubled": ("extra_charges", "twin_charges"),
    "BillingEarly": ("early_charges",),
    "BillingPeriodsBroken": ("gaps",),
    "BillingAfterEnd": ("after_end_charges",),
    "BillingAmountWrong": ("wrong_amount",),
    "BillingConservationBroken": ("conservation_accounts", "broken_movements"),
    "BillingCorrectionWrong": ("repeated_corrections",),
}
# Which alerts keep one from being told, and how long after they ended.
UNLESS = {
    "BillingChargesStopped": (("BillingRunMissing",), timedelta()),
    "BillingRunMissing": (("BillingChargesStopped",), timedelta()),
    "BillingIncomplete": (("BillingRunMissing", "BillingChargesStopped"), 15 * MINUTE),
    "BillingLeftOver": (("BillingRunMissing", "BillingChargesStopped", "BillingIncomplete"), 75 * MINUTE),
    "BillingOutsideBundle": (("BillingRunMissing", "BillingChargesStopped", "BillingIncomplete"), timedelta()),
}
NAURYZ = (21, 22, 23, 24, 25)


class Alarm(NamedTuple):
    """An alert and when it began to fire."""

    at: str
    alert: str


class Rules:
    """The alerts of alerts/rules/billing.yml, judged at the moments at which the checks are asked."""

    def __init__(self) -> None:
        self.alarms: list[Alarm] = []
        self._firing: set[str] = set()
        self._ended: dict[str, datetime] = {}
        self._shown = 0.0
        self._outside: deque[tuple[datetime, float]] = deque()
        self._most: deque[tuple[datetime, float]] = deque()

    def judge(self, seen: Sequence[Sample], now: datetime) -> None:
        """Take over what was seen at a moment."""
        holds = self._holding(seen, now)
        firing = {alert for alert in holds if not self._kept_silent(alert, now)}
        # Of two that would each silence the other, the one that was first stays.
        if len(both := firing & {"BillingChargesStopped", "BillingRunMissing"}) == 2:
            firing -= (both - self._firing) if both & self._firing else {"BillingRunMissing"}
        self.alarms += [
            Alarm(f"{now.astimezone(ALMATY):%Y-%m-%d %H:%M}", name) for name in sorted(firing - self._firing)
        ]
        self._ended |= dict.fromkeys(firing | self._firing, now)
        self._firing = firing

    def _kept_silent(self, alert: str, now: datetime) -> bool:
        others, within = UNLESS.get(alert, ((), timedelta()))
        return any(
            other in self._firing or (within and now - self._ended.get(other, now - DAY) <= within) for other in others
        )

    def _holding(self, seen: Sequence[Sample], now: datetime) -> set[str]:
        found = {alert for alert, names in BROKEN.items() if any(sums(seen, name) > 0 for name in names)}
        planned = values(seen, "run_planned_timestamp_seconds")
        shown = sums(seen, "displayed_wrong_total")
        tests = {
            "BillingSourceStale": any(abs(lag) > LAG for lag in values(seen, "source_lag_seconds")),
            "BillingRunMissing": bool(planned) and now.timestamp() - min(planned) > LATE,
            "BillingRunTwice": max(values(seen, "run_slot_starts"), default=0) > 1,
            "BillingRunDrifting": max(values(seen, "run_drift_seconds"), default=0) > DRIFT,
            "BillingChargesStopped": sums(seen, "stopped") > STOPPED,
            "BillingIncomplete": incomplete(seen),
            "BillingBalanceShownWrong": shown - self._shown >= 2,
            "BillingOutsideBundle": self._much_outside(seen, now),
        }
        self._shown = shown
        return found | {alert for alert, holds in tests.items() if holds}

    def _much_outside(self, seen: Sequence[Sample], now: datetime) -> bool:
        """Return whether use outside the bundle costs thrice the most of a quarter of an hour of the week before."""
        self._outside.append((now, sums(seen, "outside_bundle_amount_minor_total")))
        while len(self._outside) > 1 and self._outside[1][0] <= now - 15 * MINUTE:
            self._outside.popleft()
        spent = self._outside[-1][1] - self._outside[0][1]
        while self._most and self._most[0][0] < now - 8 * DAY:
            self._most.popleft()
        most = max((value for at, value in self._most if at <= now - DAY), default=None)
        known = bool(self._most) and self._most[0][0] <= now - 2 * DAY
        self._most.append((now, spent))
        return known and most is not None and spent > 3 * most and sums(seen, "outside_bundle_accounts") > OUTSIDE


def values(seen: Iterable[Sample], name: str) -> list[float]:
    """Return the values of a metric of billing."""
    return [float(s.value) for s in seen if s.metric.name == f"ott_billing_{name}" and isinstance(s.value, float | int)]


def sums(seen: Iterable[Sample], name: str) -> float:
    """Return their sum."""
    return sum(values(seen, name))


def by_tariff(seen: Iterable[Sample], name: str) -> dict[str, float]:
    """Return them by tariff."""
    known = (s for s in seen if s.metric.name == f"ott_billing_{name}")
    return {s.labels[1]: float(s.value) for s in known if isinstance(s.value, float | int)}


def incomplete(seen: Sequence[Sample]) -> bool:
    """Return whether a tariff misses more than a number and a share."""
    due, late, unexplained = (by_tariff(seen, name) for name in ("due", "overdue", "unexplained"))
    missing = {tariff: max(late.get(tariff, 0), unexplained.get(tariff, 0)) for tariff in {*late, *unexplained}}
    return any(
        number > MISSING and not (due.get(tariff) and number / due[tariff] <= MISSING_RATIO)
        for tariff, number in missing.items()
    )


def plan_of(seed: int) -> Plan:
    """Return the window of a seed."""
    first = (date(2023, 12, 1), date(2024, 2, 1), date(2025, 1, 1), date(2025, 10, 5), date(2026, 1, 15))[
        (seed - 1) % 5
    ]
    days = [first + DAY * n for n in range(92)]
    firsts = [day for day in days if day.day == 1]
    nauryz = [day for day in days if day.month == 3 and day.day in NAURYZ]
    return Plan(
        first,
        len(days),
        slow=frozenset(days[seed % 5 :: 5]) | frozenset(firsts[1:2]),
        lag=frozenset([days[20], *firsts[:1], days[70]]),
        moved={
            day: time(3) for day in [*nauryz[:1], *nauryz[3:4], *(day for day in firsts if day.month == 1), firsts[-1]]
        },
        prices=frozenset(firsts[1:]),
        plans=frozenset([days[10], firsts[-1]]),
        campaigns=frozenset([*firsts[1:2], days[40]]),
    )


def quiet(figures: Figures, seeds: int, days: int = 92) -> None:
    """Live through the months of each seed, then through a move of the run that nobody declared."""
    for seed in range(1, seeds + 1):
        plan = replace(plan_of(seed), days=days)
        alarms, asked = figures.timed(f"seed {seed}: {plan.first}, {days} days", partial(live, plan, seed))
        figures.tell("checks asked", f"{asked:,} times")
        stale = [alarm for alarm in alarms if alarm.alert == "BillingSourceStale"]
        figures.same(
            "stale sources beyond the days of lag",
            [a for a in stale if date.fromisoformat(a.at[:10]) not in plan.lag],
            [],
        )
        figures.same("days of lag that were told", len({a.at[:10] for a in stale}), sum(d < plan.end for d in plan.lag))
        figures.same("false alarms", [alarm for alarm in alarms if alarm not in stale], [])
    for runs in (True, False):
        moved = date(2024, 4, 1)
        alarms, _ = live(Plan(moved - 2 * DAY, 4, undeclared={moved: time(3)}), seeds + 1, runs=runs)
        shown = f"alarms of a move that nobody declared{'' if runs else ', without the view of runs'}"
        figures.same(shown, [alarm.alert for alarm in alarms], ["BillingChargesStopped"])


def live(plan: Plan, seed: int, *, runs: bool = True) -> tuple[list[Alarm], int]:
    """Return the alarms of a window, and how often the checks were asked."""
    rules, asked = Rules(), 0
    with postgresql() as url:
        world = World(url, plan, seed)
        of = BillingSettings(
            SERVICE,
            url,
            slices=4,
            displayed_slices=8,
            without=["cases", "documents"] + ([] if runs else ["runs"]),
            fee_bucket="main",
            moved={day.isoformat(): f"{to:%H:%M}" for day, to in plan.moved.items()},
        )
        made = [check for check in checks(of, PRESET) if check.name not in of.without]
        special = {*plan.moved, *plan.undeclared, *plan.lag, *plan.prices, *plan.campaigns, date(2024, 3, 1)}
        known = datetime.min.replace(tzinfo=ALMATY)
        source = billing(of, CALENDAR.at(plan.first))
        source.with_source = True
        # One connection for all: a new one for each moment would cost more than what it asks.
        connection = source.place.session(CALENDAR, CALENDAR.at(plan.first), 60.0)
        with connection as (session, zone, _):
            for at in moments(plan, lambda day: day in special or (day.month == 2 and day.day > 27)):
                local = at.astimezone(ALMATY)
                behind = local.minute % 20 + 1 if local.date() in plan.lag and local.hour in (0, 1, 14) else 0
                known = max(known, at - behind * MINUTE)
                world.live_until(known)
                world.known_up_to(known)
                asking = Asking(source, session, zone, at)
                rules.judge([sample for check in made for sample in check.collect(asking)], at)
                asked += 1
        world.close()
    return rules.alarms, asked
