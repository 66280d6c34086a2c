"""Cases counted from the billing's own rows: their scope, and how far each stage of the correction is.

Nothing is remembered from one round to the next but the days that were found clean: a restart changes no number.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Any

from agent.sources.billing import cells, metrics
from agent.sources.billing.calendar import DAY
from agent.sources.billing.cases import book
from agent.sources.billing.cases.case import Case
from agent.sources.billing.cases.days import Days, days_of, first_day
from agent.sources.billing.checks.completeness import Completeness
from agent.sources.billing.dialect import HASH_BITS
from agent.sources.billing.moves import Moves
from agent.sources.billing.preset import BillingPreset, assembled, joined
from agent.sources.billing.reading import Asking, Value
from agent.sources.billing.settings import BillingSettings, time_of_day
from agent.sources.database import MissingTableError, Rows
from service.metric import Sample

MONEY = {"missing": "not_charged", "doubled": "in_excess", "shown": "shown_wrong"}
# Which stages can be counted of a case of each kind.
STAGES = {
    "missing": ("charged", "refunded", "told", "compensated"),
    "doubled": ("refunded", "told", "compensated"),
    "shown": ("adjusted", "told", "compensated"),
}
STATES = ("required", "done", "wrong", "twice", "unreachable")
MOST_REASONS = 20
LEFT = "left"  # the reason of one who is no longer a customer
# Rows by the name of their query: tariff, seven numbers, a moment.
Figures = dict[str, Rows]


class Cases:
    """The open cases of a service."""

    def __init__(self, settings: BillingSettings, preset: BillingPreset) -> None:
        self._settings, self._preset = settings, preset
        self._clean: set[str] = set()

    def collect(self, asking: Asking) -> Iterator[Sample]:
        """Yield every case's figures."""
        cases = book.cases(self._settings)
        asking.billing.place.keep(*self._needed(cases, asking))
        for case in cases:
            counting = Counting(case, self._settings, self._preset, asking)
            yield from counting.samples()
            if case.until is not None and case.number not in self._clean and counting.clean(case.until):
                self._clean.add(case.number)
            yield metrics.CASE_CLEAN.sample(float(case.number in self._clean), case.service, case.number)

    def _needed(self, cases: Sequence[Case], asking: Asking) -> tuple[datetime | None, datetime | None]:
        """Return since when rows are needed, and since when snapshots."""
        days = [first_day(case, self._settings, asking) for case in cases]
        shown = [case.since for case in cases if case.kind == "shown" and case.since is not None]
        return asking.calendar.at(min(days)) if days else None, min(shown, default=None)


class Counting:
    """One case, counted once."""

    def __init__(self, case: Case, settings: BillingSettings, preset: BillingPreset, asking: Asking) -> None:
        self._case, self._settings, self._preset, self._asking = case, settings, preset, asking
        days = days_of(case, settings, asking)
        self._latest = self._newest_snapshot() if case.kind == "shown" else None
        self._notices = self._has_notices()
        self._parts = {
            **preset.part,
            **{name: preset.part.get(f"{case.kind}_{name}", "") for name in ("spent", "owed", "began", "reversals")},
            "affected": preset.part[case.kind],
            "still": preset.part["shown"].replace(":taken", ":latest"),
            "left": preset.part["left"] if self._notices else "0",
            "days": days.sql,
        }
        self._values = self._bound(days)

    def samples(self) -> Iterator[Sample]:
        """Yield the scope and the stages."""
        case, label = self._case, (self._case.service, self._case.number)
        if case.kind == "shown" and self._latest is None:
            return
        figures = self._figures()
        yield from self._scope(label, figures)
        for stage in self._stages():
            if stage in figures:  # the desk shows one that is not counted as unknown, and lets no ticket be resolved
                yield from self._stage(label, stage, figures)
        if "told" in case.stages and self._notices:
            rows = self._asking.rows("case_unreachable", reference=case.reference)
            found = cells.common(cells.counted(rows, 1, "case_unreachable"), self._settings.smallest_cell, (LEFT,))
            for (reason,), (count,) in list(found.items())[:MOST_REASONS]:
                yield metrics.CASE_UNREACHABLE.sample(count, *label, reason)
        settled = case.until is not None and self._asking.now >= case.until + timedelta(seconds=self._settings.grace)
        yield metrics.CASE_SETTLED.sample(float(settled), *label)
        yield metrics.CASE_COUNTED.sample(self._asking.now.timestamp(), *label)

    def _stages(self) -> list[str]:
        given = self._case
        return [
            stage
            for stage in STAGES[given.kind]
            if stage in given.stages and (stage != "compensated" or given.compensation)
        ]

    def _figures(self) -> Figures:
        """Return the rows of each query, without its name; not those of a stage whose view is not there."""
        scope = ["scope"]
        if self._case.kind == "missing" and "outside" not in self._settings.without:
            scope.append("outside")
        stages = [[stage, f"{stage}_outside"] for stage in self._stages()]
        with suppress(MissingTableError):
            return self._asked_together([*scope, *chain.from_iterable(stages)])
        figures = self._asked_together(scope)
        for stage in stages:
            with suppress(MissingTableError):
                figures |= self._asked_together(stage)
        return figures

    def _asked_together(self, names: Sequence[str]) -> Figures:
        # The set costs nearly all of the time: one statement for all figures costs little more than one of them.
        queries = [self._asking.billing.queries[f"case_{name}"] for name in names]
        figures: Figures = {}
        for name, *row in self._ask("cases", joined(queries, self._parts)):
            figures.setdefault(name, []).append(tuple(row))
        return figures

    def _scope(self, label: tuple[str, str], figures: Figures) -> Iterator[Sample]:
        rows = figures.get("scope", [])
        fingerprint = sum(int(row[4] or 0) for row in rows) % 2**HASH_BITS
        began = [self._moment(row[8]) for row in rows if row[8] is not None]
        yield metrics.CASE_SUBSCRIPTIONS.sample(sum(int(row[1]) for row in rows), *label)
        yield metrics.CASE_FINGERPRINT.sample(fingerprint, *label)
        if began:
            yield metrics.CASE_SINCE.sample(min(began).timestamp(), *label)
        found = cells.counted(((row[0], row[2], row[3]) for row in rows), 1, "case_scope")
        for (tariff,), (count, amount) in cells.merged(found, self._settings.smallest_cell).items():
            yield metrics.CASE_SCOPE.sample(count, *label, tariff)
            yield metrics.CASE_MONEY.sample(amount, *label, tariff, MONEY[self._case.kind])
        spent = cells.counted((row[:3] for row in figures.get("outside", [])), 1, "case_outside")
        for (tariff,), (_, amount) in cells.merged(spent, self._settings.smallest_cell).items():
            yield metrics.CASE_MONEY.sample(amount, *label, tariff, "outside_bundle")

    def _stage(self, label: tuple[str, str], stage: str, figures: Figures) -> Iterator[Sample]:
        ((_, *counts, _),), ((_, outside, *_),) = figures[stage], figures[f"{stage}_outside"]
        values = [cells.number(value, f"case_{stage}") for value in counts]
        for state, value in zip(STATES, values[:5], strict=True):
            yield metrics.CASE_ACCOUNTS.sample(value, *label, stage, state)
        yield metrics.CASE_ACCOUNTS.sample(cells.number(outside, f"case_{stage}"), *label, stage, "outside")
        if values[5]:
            yield metrics.CASE_STAGE_MONEY.sample(values[5], *label, stage, "required")
            yield metrics.CASE_STAGE_MONEY.sample(values[6], *label, stage, "done")

    def clean(self, until: datetime) -> bool:
        """Return whether all went well after the fault: on a day with charges due, or in a snapshot."""
        asking = self._asking
        if self._case.kind == "shown":
            still = assembled("SELECT COUNT(*) FROM ({still}) t", self._parts)
            return self._latest is not None and self._latest > until and not self._ask("case_clean", still)[0][0]
        moves = Moves(self._settings, asking.calendar)
        completeness = Completeness(self._settings)
        day, today = asking.calendar.day(until) + DAY, asking.calendar.day(asking.now)
        while day <= today and asking.now >= moves.cut_off(day):
            due, wrong = completeness.whole(asking, day)
            if due and not wrong and not self._extra(day):
                return True
            day += DAY
        return False

    def _extra(self, day: date) -> bool:
        calendar = self._asking.calendar
        return bool(self._asking.rows("extra", **{"from": calendar.at(day), "until": calendar.at(day + DAY)}))

    def _ask(self, name: str, sql: str) -> Rows:
        return self._asking.select(name, sql, **self._values)

    def _bound(self, days: Days) -> dict[str, Value]:
        case, settings, asking = self._case, self._settings, self._asking
        due_by = time_of_day("due_by", settings.due_by)
        given = case.compensation
        values: dict[str, Value] = {
            **days.values,
            "now": asking.now,
            "opened": case.opened,
            "start": self._start(),
            "stop": asking.now if case.until is None else min(case.until, asking.now),
            "grace": int(settings.grace),
            "due_by": due_by.hour * 3600 + due_by.minute * 60,
            "key": case.key,
            "reference": case.reference,
            "tariffs": f"|{'|'.join(given.tariffs)}|" if given else "",
            "bucket": given.bucket if given else "",
            "amount": given.amount_minor if given else 0,
        }
        if self._latest is not None:
            values |= {"latest": self._latest, "taken": case.since or self._latest}
        return values

    def _start(self) -> datetime:
        """Return the moment from which rows may belong to the fault."""
        since = self._case.since
        if since is not None and self._case.kind == "doubled":
            return since
        return self._asking.calendar.at(first_day(self._case, self._settings, self._asking))

    def _moment(self, began: Any) -> datetime:
        if self._case.kind != "missing":
            return self._asking.moment(began) or self._asking.now
        days, seconds = divmod(int(began), 86_400)
        day = first_day(self._case, self._settings, self._asking) + DAY * days
        clock = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
        return self._asking.calendar.at(day, clock)

    def _newest_snapshot(self) -> datetime | None:
        rows = self._asking.rows("latest_snapshot")
        return self._asking.moment(rows[0][0]) if rows else None

    def _has_notices(self) -> bool:
        try:
            self._asking.select("case_notices", "SELECT 1 FROM billing_notice n WHERE n.case_ref IS NULL AND 1 = 0")
        except MissingTableError:
            return False
        return True
