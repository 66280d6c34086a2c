"""A case as the database has it, and what keeps its ticket open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.desk.billing.figures import Counts, Scope
from alerts.desk.billing.kinds import STAGES, Kind, Stage
from alerts.desk.billing.records import CaseRecord
from alerts.desk.core.billing_settings import BillingCaseSettings

OPEN, WATCHED, CLOSED = "open", "watched", "closed"


class Blocker(NamedTuple):
    """One reason for which the ticket cannot be resolved; `word` is a key under `billingblocker.`."""

    word: str
    stage: str = ""
    number: int = 0


class Frozen(NamedTuple):
    """A version of the scope."""

    version: int
    at: datetime
    final: bool
    scope: Scope


@dataclass(frozen=True, slots=True)
class Case:
    """One case."""

    id: int
    version: int
    ticket_id: int
    service: str
    kind: Kind
    state: str
    reference: str
    key: str
    opened_at: datetime
    since: datetime | None
    contained_at: datetime | None
    counted_at: datetime | None
    stages: Mapping[str, Counts]  # as counted last
    scope: Scope | None
    unreachable: Mapping[str, int]
    settled: bool
    clean: bool
    waived: Mapping[str, str]  # stages that are not required, and why
    compensation: Mapping[str, object] | None
    zero_since: datetime | None
    closed_at: datetime | None

    @property
    def required(self) -> tuple[Stage, ...]:
        """Return the stages that the correction consists of."""
        return tuple(stage for stage in STAGES[self.kind] if stage not in self.waived)


def case_of(record: CaseRecord) -> Case:
    """Return the case of a record."""
    kept = record.figures
    return Case(
        id=record.id,
        version=record.version,
        ticket_id=record.ticket_id,
        service=record.service,
        kind=Kind(record.kind),
        state=record.state,
        reference=record.reference,
        key=record.key,
        opened_at=record.opened_at,
        since=record.since,
        contained_at=record.contained_at,
        counted_at=record.counted_at,
        stages=kept.stages,
        scope=kept.scope,
        unreachable=kept.unreachable,
        settled=kept.settled,
        clean=record.clean,
        waived=record.waived,
        compensation=record.compensation,
        zero_since=record.zero_since,
        closed_at=record.closed_at,
    )


def is_stale(case: Case, settings: BillingCaseSettings, now: datetime) -> bool:
    """Return whether what is known of the case is too old, or nothing is known."""
    return case.counted_at is None or now - case.counted_at > timedelta(seconds=settings.stale)


def blockers(case: Case, final: Frozen | None, settings: BillingCaseSettings, now: datetime) -> list[Blocker]:
    """Return what keeps the ticket of a case from being resolved; empty: nothing."""
    found = []
    if is_stale(case, settings, now):
        found.append(Blocker("stale"))
    if case.contained_at is None:
        found.append(Blocker("not_contained"))
    elif final is None:
        found.append(Blocker("not_frozen"))
    elif case.scope is not None and case.scope.same_set != final.scope.same_set:
        # What is counted now is not what was frozen: rows or snapshots have gone, or periods were moved.
        found.append(Blocker("changed"))
    for stage in case.required:
        if stage is Stage.COMPENSATED and case.compensation is None:
            found.append(Blocker("undecided", stage))
        elif stage not in case.stages:
            found.append(Blocker("not_counted", stage))
        else:
            found.extend(_of_stage(stage, case.stages[stage]))
    return found


def _of_stage(stage: Stage, counts: Counts) -> list[Blocker]:
    figures = (("open", counts.open), ("wrong", counts.wrong), ("twice", counts.twice), ("outside", counts.outside))
    return [Blocker(word, stage, number) for word, number in figures if number]
