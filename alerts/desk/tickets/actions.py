"""What people and other systems do to a ticket. Each is one transaction; each may name the version it saw.

Raises IllegalMoveError, NoSuchTicketError, StaleTicketError or UnfitError; callers say it in their own words.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alerts.desk.core.database import Database
from alerts.desk.core.one_line import one_line
from alerts.desk.core.settings import PRIORITIES
from alerts.desk.tickets import queries
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import (
    Accepted,
    Event,
    HandedOver,
    NoteAdded,
    PriorityChanged,
    ReferenceGiven,
    Returned,
    Taken,
)
from alerts.desk.tickets.policy import Policy
from alerts.desk.tickets.states import RETURNED, TERMINAL, VENDOR, IllegalMoveError, Status, check_move, path

MAX_NOTE = 10_000
TWICE = timedelta(seconds=30)


class UnfitError(ValueError):
    """The action lacks something or does not fit the ticket.

    Machines are told the sentence; `word` is a key under `unfit.` in the texts that people read.
    """

    def __init__(self, word: str, sentence: str, **values: object) -> None:
        super().__init__(sentence)
        self.word = word
        self.values = values


@dataclass(frozen=True, slots=True)
class Desk:
    """What an action needs of its surroundings."""

    database: Database
    policy: Policy
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts on which ticket, and in which version they saw it."""

    actor: str
    number: int
    version: int | None = None


@contextmanager
def changing(desk: Desk, hand: Hand) -> Iterator[tuple[Draft, datetime]]:
    """Lock a ticket, let the block change it, recompute its clocks and save it."""
    with _changing(desk, hand) as (_, draft, now):
        yield draft, now


@contextmanager
def _changing(desk: Desk, hand: Hand) -> Iterator[tuple[Connection, Draft, datetime]]:
    with desk.database.write() as connection:
        now = desk.now()
        draft = tickets.lock(connection, hand.number, hand.version)
        yield connection, draft, now
        draft.finish(desk.policy, now)
        tickets.save(connection, [draft], desk.policy.publish)


def take(desk: Desk, hand: Hand) -> None:
    """Make the actor the owner and start the work."""
    with changing(desk, hand) as (draft, now):
        if draft.status in TERMINAL:
            raise IllegalMoveError(draft.status, Status.IN_PROGRESS)
        if draft.owner != hand.actor:
            draft.owner = hand.actor
            draft.record(now, Taken(), hand.actor)
        if draft.status is Status.ACKNOWLEDGED:
            draft.move(Status.IN_PROGRESS, "taken", hand.actor, now)


def note(desk: Desk, hand: Hand, text: str) -> None:
    """Add a note; the same one a moment later is that of a button that was pressed twice."""
    with _changing(desk, hand) as (connection, draft, now):
        latest = queries.events_since(connection, hand.number, now - TWICE)
        if Event(now, hand.actor, NoteAdded(text.strip())) not in [replace(each, at=now) for each in latest]:
            write_note(draft, hand.actor, text, now)


def resolve(desk: Desk, hand: Hand, text: str) -> None:
    """Say that it is repaired and how; with alarms still firing, the note is the stated reason."""
    with changing(desk, hand) as (draft, now):
        write_note(draft, hand.actor, text, now)
        move_along(draft, Status.RESOLVED, text.strip(), hand.actor, now)


def move(desk: Desk, hand: Hand, to: Status, reason: str) -> None:
    """Change the state by one step of the life cycle."""
    with changing(desk, hand) as (draft, now):
        change_status(draft, to, reason, hand.actor, now)


def hand_over(desk: Desk, hand: Hand, vendor: str, text: str) -> None:
    """Give the ticket to a vendor; its clocks start."""
    if vendor not in desk.policy.vendors:
        known = ", ".join(sorted(desk.policy.vendors)) or "none: add a [[vendor]] to the settings"
        raise UnfitError("no_vendor", f'there is no vendor "{vendor}"; known: {known}', vendor=vendor)
    with changing(desk, hand) as (draft, now):
        if draft.status is Status.HELD and draft.vendor:
            vendor = draft.vendor
            raise UnfitError("at_vendor", f"the ticket is with {vendor} already", vendor=vendor)
        if text.strip():
            write_note(draft, hand.actor, text, now)
        own(draft, hand.actor, now)
        if draft.status is Status.ACKNOWLEDGED:
            draft.move(Status.IN_PROGRESS, "taken", hand.actor, now)
        draft.record(now, HandedOver(vendor), hand.actor)
        draft.move(Status.HELD, VENDOR, hand.actor, now)
        draft.vendor = vendor


def accept(desk: Desk, hand: Hand, reference: str) -> None:
    """Record that the vendor took the ticket, under its own number if it told one."""
    with changing(desk, hand) as (draft, now):
        vendor = with_vendor(draft)
        draft.record(now, Accepted(vendor), hand.actor)
        if reference.strip():
            draft.record(now, ReferenceGiven(vendor, reference.strip()[:200]), hand.actor)


def give_back(desk: Desk, hand: Hand, text: str) -> None:
    """Take the ticket back from the vendor; the time that it used is kept."""
    with changing(desk, hand) as (draft, now):
        vendor = with_vendor(draft)
        if text.strip():
            write_note(draft, hand.actor, text, now)
        draft.record(now, Returned(vendor), hand.actor)
        draft.move(Status.IN_PROGRESS, RETURNED, hand.actor, now)


def with_vendor(draft: Draft) -> str:
    """Return the vendor that has the ticket; raise UnfitError when none has."""
    if draft.status is not Status.HELD or not draft.vendor:
        raise UnfitError("with_none", "the ticket is with no vendor")
    return draft.vendor


def set_priority(desk: Desk, hand: Hand, priority: str, reason: str) -> None:
    """Override the priority that the severity gave."""
    with changing(desk, hand) as (draft, now):
        override_priority(draft, priority, reason, hand.actor, now)


def own(draft: Draft, actor: str, now: datetime) -> None:
    """Make the actor the owner where there is none."""
    if not draft.owner:
        draft.owner = actor
        draft.record(now, Taken(), actor)


def write_note(draft: Draft, actor: str, text: str, now: datetime) -> None:
    """Add a note to a draft."""
    text = text.strip()
    if not one_line(text):
        raise UnfitError("empty_note", "the note is empty")
    if len(text) > MAX_NOTE:
        raise UnfitError("long_note", f"the note is longer than {MAX_NOTE} characters", most=MAX_NOTE)
    draft.record(now, NoteAdded(text), actor)


def override_priority(draft: Draft, priority: str, reason: str, actor: str, now: datetime) -> None:
    """Fix the priority of a draft."""
    if priority not in PRIORITIES:
        known = ", ".join(PRIORITIES)
        raise UnfitError("no_priority", f'there is no priority "{priority}"; there are {known}', known=known)
    if not reason.strip():
        raise UnfitError("bare_priority", "a changed priority needs a reason")
    draft.priority, draft.priority_fixed = priority, True
    draft.record(now, PriorityChanged(priority, reason.strip()), actor)


def change_status(draft: Draft, to: Status, reason: str, actor: str, now: datetime) -> None:
    """Move a draft by one step; refuse to end it unmended without a reason."""
    reason = reason.strip()
    check_move(draft.status, to)
    if to in (Status.PENDING, Status.HELD) and not reason:
        raise UnfitError("bare_wait", f"a ticket becomes {to} only with a reason")
    if to in TERMINAL | {Status.RESOLVED} and draft.firing and not reason:
        sentence = f"an alarm of this ticket still fires: it becomes {to} only with a stated reason"
        raise UnfitError("still_firing", sentence)
    if draft.status is Status.ACKNOWLEDGED and to is Status.IN_PROGRESS:
        own(draft, actor, now)
    draft.move(to, reason, actor, now)


def move_along(draft: Draft, to: Status, reason: str, actor: str, now: datetime) -> None:
    """Move a draft, by way of inProgress where the life cycle asks for it."""
    for step in path(draft.status, to):
        change_status(draft, step, "taken" if step is not to else reason, actor, now)
