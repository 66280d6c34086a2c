"""Recovered tickets whose series are asked about, outside of any transaction: a slow Prometheus holds no lock.

`claim` takes the tickets for a while; a desk that dies meanwhile loses the claim, not the ticket.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from alerts.desk.actions import Desk
from alerts.desk.draft import Draft
from alerts.desk.events import DESK, Kind
from alerts.desk.presence import MAX_ALARMS, Ask, Presence, presence
from alerts.desk.store import queries, tickets
from alerts.desk.ticket import RECOVERED, WORKING, Status

CLAIM = timedelta(seconds=30)
RECHECK = timedelta(seconds=60)  # how soon to look again at a ticket whose series vanished
RETRY = timedelta(seconds=5)  # how soon to ask again a Prometheus that did not answer


def due(draft: Draft, now: datetime) -> bool:
    """Claim a ticket whose moment to be asked about has come."""
    if draft["verify_at"] is None or draft["verify_at"] > now:
        return False
    draft.set(verify_at=now + CLAIM)
    return True


def verify(desk: Desk, number: int, ask: Ask) -> None:
    """Ask about one claimed ticket and act on the answer."""
    with desk.database.read() as connection:
        alarms = queries.alarms_of(connection, number, MAX_ALARMS)
    try:
        answer = presence(((row["generator_url"], row["labels"]) for row in alarms), ask)
    except OSError:
        _settle(desk, number, lambda draft, now: draft.set(verify_at=now + RETRY))
        raise
    _settle(desk, number, _vanished if answer is Presence.VANISHED else _present)


def _settle(desk: Desk, number: int, react: Callable[[Draft, datetime], None]) -> None:
    with desk.database.write() as connection:
        now = desk.now()
        draft = tickets.lock(connection, number)
        # Meanwhile it may have fired again or been resolved by hand: then the answer is about the past.
        if draft.status not in WORKING or draft["firing"] or draft["verify_at"] is None:
            return
        react(draft, now)
        draft.finish(desk.policy, now)
        tickets.save(connection, [draft])


def _present(draft: Draft, now: datetime) -> None:
    if draft["unverified"]:
        draft.record(now, Kind.VERIFIED, DESK)
    draft.move(Status.RESOLVED, RECOVERED, DESK, now)


def _vanished(draft: Draft, now: datetime) -> None:
    if not draft["unverified"]:
        draft.record(now, Kind.UNVERIFIED, DESK)
    draft.set(unverified=True, verify_at=now + RECHECK)
