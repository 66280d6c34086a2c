"""Free months: approved or refused by people, exported in batches for billing, credited, told."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Executable, func, or_, select, update

from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.free_month import FreeMonth, ListedFreeMonth
from alerts.desk.core.appeal_tables import appeal, compensation, compensation_export
from alerts.desk.core.database import Database

BATCH = 50  # free months in one transaction: whoever registers an appeal waits for it
UNDER_WAY = ("proposed", "approved", "exported", "credited")
STEPS: Mapping[str, frozenset[str]] = {
    "proposed": frozenset({"approved", "refused"}),
    "approved": frozenset(),  # exported with its batch alone
    "exported": frozenset({"credited"}),
    "credited": frozenset({"told"}),
    "refused": frozenset(),
    "told": frozenset(),
}
TOGETHER: Mapping[str, str] = {"approved": "proposed", "credited": "exported", "told": "credited"}
"""The steps that all free months in a state may take at once."""


WRONGLY = ("twice", "wrong")
"""What the billing may have made of a credit other than one of one fee."""


class NotAllowedError(ValueError):
    """The step is not allowed; `problem` is a key of the texts."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def listing(connection: Connection, *states: str) -> list[FreeMonth]:
    """Return free months in some states, the oldest first."""
    wanted = select(compensation).order_by(compensation.c.id)
    return _all(connection, wanted.where(compensation.c.state.in_(states)) if states else wanted)


def of_appeal(connection: Connection, number: int) -> ListedFreeMonth | None:
    """Return the free month of an appeal."""
    columns = (compensation, compensation_export.c.confirmed_at.label("exported_at"))
    joined = select(*columns).outerjoin(compensation_export, compensation_export.c.id == compensation.c.export_id)
    row = connection.execute(joined.where(compensation.c.appeal_id == number)).mappings().one_or_none()
    return ListedFreeMonth(row) if row else None


def some(connection: Connection, numbers: Sequence[int]) -> list[FreeMonth]:
    """Return free months by number."""
    return _all(connection, select(compensation).where(compensation.c.id.in_(numbers)))


def _all(connection: Connection, wanted: Executable) -> list[FreeMonth]:
    return [FreeMonth(row) for row in connection.execute(wanted).mappings()]


def appeals_of(connection: Connection, numbers: Sequence[int]) -> list[Appeal]:
    """Return the appeals that some free months are for."""
    wanted = select(appeal).join(compensation, compensation.c.appeal_id == appeal.c.id)
    return [Appeal(row) for row in connection.execute(wanted.where(compensation.c.id.in_(numbers))).mappings()]


def with_appeals(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], limit: int | None = None
) -> list[ListedFreeMonth]:
    """Return the free months that wait for a step or were credited wrongly, with their regions, the oldest first."""
    columns = (compensation, appeal.c.region, compensation_export.c.confirmed_at.label("exported_at"))
    wanted = select(*columns).join(appeal, appeal.c.id == compensation.c.appeal_id)
    wanted = wanted.outerjoin(compensation_export, compensation_export.c.id == compensation.c.export_id)
    waits = or_(compensation.c.state.not_in(("told", "refused")), compensation.c.watch.in_(WRONGLY))
    shown = wanted.where(waits, *conditions).order_by(compensation.c.id).limit(limit)
    return [ListedFreeMonth(row) for row in connection.execute(shown).mappings()]


def counts(connection: Connection, conditions: Sequence[ColumnElement[bool]] = ()) -> dict[str, int]:
    """Return how many free months there are in each state."""
    wanted = select(compensation.c.state, func.count()).join(appeal, appeal.c.id == compensation.c.appeal_id)
    rows = connection.execute(wanted.where(*conditions).group_by(compensation.c.state))
    return {state: number for state, number in rows}  # noqa: C416 - rows, not pairs


def move(  # noqa: PLR0913, PLR0917 - who does what to which, when and why
    database: Database, rules: Rules, numbers: Sequence[int], new: str, by: str, now: datetime, reason: str = ""
) -> None:
    """Take free months a step further, a batch in each transaction; none of them where one may not take the step."""
    if new == "refused" and not reason.strip():
        raise NotAllowedError("reason")
    with database.read() as connection:
        _check(some(connection, numbers), len(set(numbers)), new)
    picked = sorted(set(numbers))
    for start in range(0, len(picked), BATCH):
        part = picked[start : start + BATCH]
        with database.write() as connection:
            wanted = select(compensation).where(compensation.c.id.in_(part)).order_by(compensation.c.id)
            months = _all(connection, wanted.with_for_update())
            _check(months, len(part), new)  # somebody else may have been first
            advance(connection, rules, months, new, by, now, reason)


def move_all(  # noqa: PLR0913, PLR0917 - who does what to which, and when
    database: Database, rules: Rules, expected: int, new: str, by: str, now: datetime
) -> int:
    """Take all free months that wait for a step through it; return how many.

    `expected` is the number that was shown: where there are others now, NotAllowedError is raised before the first one.
    When a desk dies in between, the rest still waits, and asking again goes on with it.
    """
    old = TOGETHER[new]
    with database.read() as connection:
        numbers = list(connection.scalars(select(compensation.c.id).where(compensation.c.state == old)))
    if len(numbers) != expected:
        raise NotAllowedError("count")
    return _all_in(database, rules, compensation.c.id <= max(numbers, default=0), old, new, by, now)


def advance_export(database: Database, rules: Rules, export: int, by: str, now: datetime) -> int:
    """Take the months of a batch for billing to `exported`; return how many were not yet."""
    return _all_in(database, rules, compensation.c.export_id == export, "approved", "exported", by, now)


def _all_in(  # noqa: PLR0913, PLR0917 - who does what to which, and when
    database: Database, rules: Rules, which: ColumnElement[bool], old: str, new: str, by: str, now: datetime
) -> int:
    wanted = select(compensation).where(which, compensation.c.state == old).order_by(compensation.c.id).limit(BATCH)
    done = 0
    while True:
        with database.write() as connection:
            months = _all(connection, wanted.with_for_update())
            advance(connection, rules, months, new, by, now)
        done += len(months)
        if not months:
            return done


def _check(months: Sequence[FreeMonth], expected: int, new: str) -> None:
    if len(months) != expected:
        raise NotAllowedError("unknown")
    if any(new not in STEPS[each.state] for each in months):
        raise NotAllowedError("step")


def advance(  # noqa: PLR0913, PLR0917 - who does what to which, when and why
    connection: Connection,
    rules: Rules,
    months: Sequence[FreeMonth],
    new: str,
    by: str,
    now: datetime,
    reason: str = "",
) -> None:
    """Store the new state of locked free months, with their appeals' logs."""
    values = {"state": new, "state_at": now, "actor": by, "reason": reason}
    mine = compensation.c.id.in_([each.id for each in months])
    connection.execute(update(compensation).where(mine).values(**values))
    drafts = store.lock_some(connection, [each.appeal_id for each in months])
    for draft in drafts:
        draft.record(ev.CompensationMoved(new), by, now)
    store.save_some(connection, rules, drafts, now)


def may_approve(rules: Rules, number: int, *, administers: bool) -> bool:
    """Return whether somebody may approve so many free months in one go."""
    return administers or number <= rules.questions.branch_approves
