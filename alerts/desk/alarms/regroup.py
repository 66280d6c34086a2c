"""What engineers do about grouping: put a ticket under its cause, and take a ticket or a problem out again.

Each is one transaction, is written into the logs of both tickets and into the audit trail, and is respected as long as
the cause is open. Raises NoSuchTicketError, StaleTicketError or UnfitError.
"""

from collections import Counter

from sqlalchemy import Connection, select

from alerts.desk.access.trail import Action, By, tell
from alerts.desk.alarms import store as stored_alarms
from alerts.desk.alarms.correlation import by_hand, store
from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.judging import Judged, judge
from alerts.desk.alarms.reacting import worsen
from alerts.desk.alarms.release import problems_of
from alerts.desk.alarms.work import Work
from alerts.desk.core.actors import DESK
from alerts.desk.core.tables import alarm, correlated, ticket
from alerts.desk.tickets.actions import Desk, Hand, UnfitError
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import NoteAdded
from alerts.desk.tickets.states import CAUSE, RELEASED, WORKING, Status
from alerts.desk.tickets.store import NoSuchTicketError, StaleTicketError
from alerts.desk.tickets.ticket import Ticket


def merge(desk: Desk, hand: Hand, cause: int, reason: str, address: str = "") -> None:
    """Put a ticket under the one that is its cause."""
    with desk.database.write() as connection:
        work, draft, above = _locked(connection, desk, hand, cause)
        _check_merge(connection, hand.number, cause, draft, above)
        why = _said(
            (f"{hand.actor} put ticket {hand.number} under ticket {cause}", reason),
            (f"{hand.actor}: билет {hand.number} отнесён к билету {cause} как следствие", reason),
        )
        first = _first(connection, hand.number)

        def fold() -> None:
            if draft.status is not Status.HELD:
                draft.move(Status.HELD, CAUSE, DESK, work.now)
            draft.record(work.now, NoteAdded(why["en"], why), hand.actor)
            above.record(work.now, NoteAdded(why["en"], why), hand.actor)
            above.count_from(first.opened_at, draft.priority, hand.actor, work.now)
            worsen(above, [{"severity": first.severity}], work.now)

        work.act(draft, fold)
        work.act(above, lambda: None)
        work.save()
        _know(connection, first)
        store.set_cause(connection, hand.number, cause, why, fixed=True)
        by_hand.decide(connection, cause, [first.problem_key], together=True)
        _audit(work, hand, address, Action.TICKETS_MERGED, cause=cause, reason=reason.strip())


def take_out(desk: Desk, hand: Hand, reason: str, address: str = "") -> None:
    """Let a ticket that lies under another one stand for itself again."""
    with desk.database.write() as connection:
        causes = store.causes_of(connection, [hand.number])
        if hand.number not in causes:
            raise UnfitError("no_cause", "the ticket is under no other ticket")
        cause = causes[hand.number][0]
        work, draft, above = _locked(connection, desk, hand, cause)
        why = _said(
            (f"{hand.actor} took ticket {hand.number} out of ticket {cause}", reason),
            (f"{hand.actor}: билет {hand.number} выделен из билета {cause}", reason),
        )

        def release() -> None:
            if draft.status is Status.HELD and not draft.vendor:
                draft.move(Status.IN_PROGRESS, RELEASED, DESK, work.now)
            draft.record(work.now, NoteAdded(why["en"], why), hand.actor)
            above.record(work.now, NoteAdded(why["en"], why), hand.actor)

        work.act(draft, release)
        work.act(above, lambda: None)
        work.save()
        store.set_cause(connection, hand.number, None, {}, fixed=True)
        by_hand.decide(connection, cause, [_first(connection, hand.number).problem_key], together=False)
        _audit(work, hand, address, Action.TICKET_SPLIT, cause=cause, reason=reason.strip())


def split(desk: Desk, hand: Hand, key: str, reason: str, address: str = "") -> int:
    """Give a problem that is an alarm of a ticket a ticket of its own; return the new one's number."""
    with desk.database.write() as connection:
        work, draft, _ = _locked(connection, desk, hand)
        rows = _firing(connection, hand.number, key)
        if not rows or key == draft.problem_key:
            raise UnfitError("nothing_to_split", "no alarm of such a problem fires in this ticket besides its own")
        (problem,) = problems_of(rows)
        judged = judge(problem, {}, work.policy, work.now, Counter(), has_ticket=True)
        own = sum(not row.effect for row in rows)
        head = store.head_of(problem, judged.fresh)
        fresh = work.open(problem, Judged(judged.began, judged.fresh, 0, judged.firing), stored=True)

        def part() -> None:
            draft.firing -= own
            if own and not draft.firing:
                draft.recovered(work.policy, work.now)

        def write() -> None:
            head.ticket = fresh.id
            store.add(connection, [head])
            stored_alarms.move(connection, fresh.id, [row.id for row in rows])

        work.act(draft, part)
        work.after(write)
        work.save()
        number = fresh.id
        by_hand.decide(connection, hand.number, [key], together=False)
        _tell_of_split(work, hand, number, reason)
        _audit(work, hand, address, Action.TICKET_SPLIT, ticket=number, reason=reason.strip())
        return number


def _tell_of_split(work: Work, hand: Hand, number: int, reason: str) -> None:
    """Write the note into both tickets, now that the new one has its number."""
    notes = Work(work.connection, work.policy, work.now)
    notes.lock_numbers([hand.number, number])
    why = _said(
        (f"{hand.actor} took ticket {number} out of ticket {hand.number}", reason),
        (f"{hand.actor}: билет {number} выделен из билета {hand.number}", reason),
    )
    for each in (hand.number, number):
        draft = notes.number(each)
        draft.record(work.now, NoteAdded(why["en"], why), hand.actor)
        notes.act(draft, lambda: None)
    notes.save()


def _locked(connection: Connection, desk: Desk, hand: Hand, other: int | None = None) -> tuple[Work, Draft, Draft]:
    work = Work(connection, desk.policy, desk.now())
    wanted = [hand.number] if other is None else [hand.number, other]
    work.lock_numbers(wanted)
    for number in wanted:
        if number not in work.locked:
            raise NoSuchTicketError(f"there is no ticket {number}")
    draft = work.number(hand.number)
    if hand.version is not None and hand.version != draft.version:
        raise StaleTicketError(hand.number, hand.version, draft.version)
    return work, draft, work.number(wanted[-1])


def _check_merge(connection: Connection, number: int, cause: int, draft: Draft, above: Draft) -> None:
    if number == cause:
        raise UnfitError("merge_itself", "a ticket is not its own cause")
    for each, one in ((number, draft), (cause, above)):
        if one.status not in WORKING:
            raise UnfitError("merge_over", f"ticket {each} is over; only tickets that are worked on", number=each)
    known = store.causes_of(connection, [number, cause])
    for each in (number, cause):
        if each in known:
            root = known[each][0]
            sentence = f"ticket {each} is under ticket {root} already; use that one, or take it out first"
            raise UnfitError("merge_under", sentence, number=each, root=root)


def _first(connection: Connection, number: int) -> Ticket:
    columns = (ticket.c.id, ticket.c.problem_key, ticket.c.labels, ticket.c.opened_at, ticket.c.severity)
    return Ticket(connection.execute(select(*columns).where(ticket.c.id == number)).mappings().one())


def _know(connection: Connection, first: Ticket) -> None:
    """Let correlation know a ticket whose alarms have no layer, or that was opened by hand."""
    if connection.scalar(select(correlated.c.ticket_id).where(correlated.c.ticket_id == first.id)) is None:
        head = Head(Alarm(first.problem_key, dict(first.labels), first.opened_at), ticket=first.id)
        store.add(connection, [head])


def _firing(connection: Connection, number: int, key: str) -> list[AlarmRecord]:
    theirs = (alarm.c.ticket_id == number) & (alarm.c.problem_key == key) & alarm.c.ends_at.is_(None)
    rows = connection.execute(select(alarm).where(theirs).order_by(alarm.c.id)).mappings()
    return [AlarmRecord(row) for row in rows]


def _said(english: tuple[str, str], russian: tuple[str, str]) -> dict[str, str]:
    said = {"en": english, "ru": russian}
    return {language: f"{text}: {why.strip()}" if why.strip() else f"{text}." for language, (text, why) in said.items()}


def _audit(work: Work, hand: Hand, address: str, action: Action, **data: object) -> None:
    told = {name: value for name, value in data.items() if value != ""}
    tell(work.connection, work.now, By(hand.actor, address), action, str(hand.number), **told)
