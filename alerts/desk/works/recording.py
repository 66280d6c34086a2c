"""Works are stored together with the line of the audit trail that says who changed them."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from alerts.desk.access.trail import Action, By, tell
from alerts.desk.works import store
from alerts.desk.works.windows import state_of
from alerts.desk.works.works import State, Works


def record(connection: Connection, works: Works, by: By, now: datetime) -> Works:
    """Store works and say in the audit trail what was done; return them with their number."""
    kept = store.put(connection, works, by.name, now)
    tell(connection, now, by, _action(works, now), str(kept.number), title=kept.title)
    return kept


def _action(works: Works, now: datetime) -> Action:
    if works.cancelled_at:
        return Action.WORKS_CANCELLED
    return Action.WORKS_FINISHED if works.finished_at == now else Action.WORKS_CHANGED


def cancel(connection: Connection, works: Works, by: By, now: datetime) -> Works:
    """Cancel works, and with a series its changed windows that are not over; return the works."""
    for each in store.of_uids(connection, [works.uid], lock=True):
        if each.series == works.uid and each.cancelled_at is None and state_of(each, now) is not State.ENDED:
            record(connection, replace(each, cancelled_at=now), by, now)
    return record(connection, replace(works, cancelled_at=works.cancelled_at or now), by, now)
