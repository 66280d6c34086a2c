"""Free months: approved or refused by people, exported in batches for billing, credited, told."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, select, update

from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store
from alerts.desk.appeals.desk import Rules
from alerts.desk.core.appeal_tables import appeal, compensation
from alerts.desk.core.database import Database

UNDER_WAY = ("proposed", "approved", "exported", "credited")
STEPS: Mapping[str, frozenset[str]] = {
    "proposed": frozenset({"approved", "refused"}),
    "approved": frozenset(),  # exported with its batch alone
    "exported": frozenset({"credited"}),
    "credited": frozenset({"told"}),
    "refused": frozenset(),
    "told": frozenset(),
}


class NotAllowedError(ValueError):
    """The step is not allowed; `problem` is a key of the texts."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def listing(connection: Connection, *states: str) -> Sequence[RowMapping]:
    """Return free months in some states, the oldest first."""
    wanted = select(compensation).order_by(compensation.c.id)
    return connection.execute(wanted.where(compensation.c.state.in_(states)) if states else wanted).mappings().all()


def some(connection: Connection, numbers: Sequence[int]) -> Sequence[RowMapping]:
    """Return free months by number."""
    return connection.execute(select(compensation).where(compensation.c.id.in_(numbers))).mappings().all()


def with_appeals(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> Sequence[RowMapping]:
    """Return the free months that wait for a step, with the region of their appeals."""
    wanted = select(compensation, appeal.c.region).join(appeal, appeal.c.id == compensation.c.appeal_id)
    waits = compensation.c.state.not_in(("told", "refused"))
    return connection.execute(wanted.where(waits, *conditions).order_by(compensation.c.id)).mappings().all()


def move(  # noqa: PLR0913, PLR0917 - who does what to which, when and why
    database: Database, rules: Rules, numbers: Sequence[int], new: str, by: str, now: datetime, reason: str = ""
) -> None:
    """Take free months a step further, all or none of them."""
    if new == "refused" and not reason.strip():
        raise NotAllowedError("reason")
    with database.write() as connection:
        wanted = select(compensation).where(compensation.c.id.in_(numbers)).order_by(compensation.c.id)
        rows = connection.execute(wanted.with_for_update()).mappings().all()
        if len(rows) != len(set(numbers)):
            raise NotAllowedError("unknown")
        if any(new not in STEPS[row["state"]] for row in rows):
            raise NotAllowedError("step")
        advance(connection, rules, rows, new, by, now, reason)


def advance(  # noqa: PLR0913, PLR0917 - who does what to which, when and why
    connection: Connection, rules: Rules, rows: Sequence[RowMapping], new: str, by: str, now: datetime, reason: str = ""
) -> None:
    """Store the new state of locked free months, with their appeals' logs."""
    for row in rows:
        values = {"state": new, "state_at": now, "actor": by, "reason": reason}
        connection.execute(update(compensation).where(compensation.c.id == row["id"]).values(**values))
        draft = store.lock(connection, row["appeal_id"])
        draft.record(ev.CompensationMoved(new), by, now)
        store.save(connection, rules, draft, now)


def may_approve(rules: Rules, number: int, *, administers: bool) -> bool:
    """Return whether somebody may approve so many free months in one go."""
    return administers or number <= rules.questions.branch_approves
