"""What people decide about a case. Each is one transaction and a line in its log."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from alerts.desk.billing import store
from alerts.desk.billing.case import CLOSED, Case
from alerts.desk.billing.kinds import STAGES
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.actions import Desk
from alerts.desk.tickets.events import NoteAdded

MOST_REASON = 1000
LONGEST_NAME = 64
MOST_TARIFFS = 50


class UnfitStepError(ValueError):
    """The step lacks something or does not fit the case; `word` is a key under `billingunfit.`."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts on which case, and in which version they saw it."""

    actor: str
    number: int
    version: int | None = None


@contextmanager
def changing(desk: Desk, hand: Hand) -> Iterator[tuple[Connection, Case, datetime]]:
    """Lock a case that is not closed, and raise its version."""
    with desk.database.write() as connection:
        case = store.lock(connection, hand.number, hand.version)
        if case.state == CLOSED:
            raise UnfitStepError("closed")
        yield connection, case, desk.now()
        store.change(connection, case.id, version=case.version + 1)


def contain(desk: Desk, hand: Hand, at: datetime | None = None) -> None:
    """Say that the fault goes on no longer: the set is complete from then on."""
    with changing(desk, hand) as (connection, case, now):
        moment = at or now
        if case.contained_at is not None:
            raise UnfitStepError("contained")
        if moment > now or (case.since is not None and moment < case.since):
            raise UnfitStepError("moment")
        store.change(connection, case.id, contained_at=moment)
        store.tell(connection, case.id, now, hand.actor, "contained", moment=moment.isoformat())


def waive(desk: Desk, hand: Hand, stage: str, reason: str) -> None:
    """Take a stage out of the correction, for a stated reason."""
    with changing(desk, hand) as (connection, case, now):
        if stage not in STAGES[case.kind]:
            raise UnfitStepError("stage")
        if not reason.strip():
            raise UnfitStepError("reason")
        store.change(connection, case.id, waived={**case.waived, stage: reason.strip()[:MOST_REASON]})
        store.tell(connection, case.id, now, hand.actor, "waived", stage=stage, reason=reason.strip()[:MOST_REASON])


def require(desk: Desk, hand: Hand, stage: str) -> None:
    """Put a stage back into the correction."""
    with changing(desk, hand) as (connection, case, now):
        if stage not in case.waived:
            raise UnfitStepError("stage")
        waived = {name: why for name, why in case.waived.items() if name != stage}
        store.change(connection, case.id, waived=waived)
        store.tell(connection, case.id, now, hand.actor, "required", stage=stage)


def compensate(desk: Desk, hand: Hand, tariffs: Sequence[str], bucket: str, amount: int) -> None:
    """Decide what every account of some tariffs is given."""
    chosen = list(dict.fromkeys(name.strip() for name in tariffs if name.strip()))
    fits = 0 < len(chosen) <= MOST_TARIFFS and all(len(name) <= LONGEST_NAME and "|" not in name for name in chosen)
    with changing(desk, hand) as (connection, case, now):
        if not fits or not 0 < len(bucket.strip()) <= LONGEST_NAME or not 0 < amount < 2**53:
            raise UnfitStepError("compensation")
        given = {"tariffs": chosen, "bucket": bucket.strip(), "amountMinor": amount}
        store.change(connection, case.id, compensation=given)
        store.tell(connection, case.id, now, hand.actor, "compensation", **given)


def override(desk: Desk, hand: Hand, reason: str) -> None:
    """End a case whatever is open, for a stated reason that ticket and log keep."""
    if not reason.strip():
        raise UnfitStepError("reason")
    with changing(desk, hand) as (connection, case, now):
        said = reason.strip()[:MOST_REASON]
        store.change(connection, case.id, state=CLOSED, closed_at=now)
        store.tell(connection, case.id, now, hand.actor, "overridden", reason=said)
        draft = tickets.lock(connection, case.ticket_id)
        draft.kept_open = ""
        draft.record(now, NoteAdded(said), hand.actor)
        draft.finish(desk.policy, now)
        tickets.save(connection, [draft], desk.policy.publish)
