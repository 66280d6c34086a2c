"""Effects and folded tickets go to the ticket that explains them better; both tickets say so."""

from collections.abc import Iterable, Sequence

from alerts.desk.alarms import store as stored_alarms
from alerts.desk.alarms.correlation import store, texts
from alerts.desk.alarms.correlation.moving import Moved
from alerts.desk.alarms.reacting import worsen
from alerts.desk.alarms.work import Work
from alerts.desk.core.actors import DESK
from alerts.desk.tickets.events import NoteAdded
from alerts.desk.tickets.policy import priority_of
from alerts.desk.tickets.states import CAUSE, WORKING, Status


def move(work: Work, moved: Iterable[Moved]) -> None:
    """Give what lies under tickets to others, which have their numbers by now."""
    by_tickets: dict[tuple[int, int], list[Moved]] = {}
    for one in moved:
        if one.head.ticket is not None:
            by_tickets.setdefault((one.what.root, one.head.ticket), []).append(one)
    if not by_tickets:
        return
    telling = Work(work.connection, work.policy, work.now)
    folded = [one.what.holder for found in by_tickets.values() for one in found if one.what.folded]
    telling.lock_numbers([*(number for pair in by_tickets for number in pair), *folded])
    for (old, new), found in sorted(by_tickets.items()):
        _move(telling, old, new, found)
    telling.save()


def _move(work: Work, old: int, new: int, moved: Sequence[Moved]) -> None:
    why = texts.why(moved[0].cause, moved[0].what.alarm)
    left, came = texts.moved(old, new, len(moved), why)
    source, target = work.number(old), work.number(new)
    first, opened = min(moved, key=lambda one: one.what.heard), moved[0].head.opened or work.now

    def change() -> None:
        target.record(work.now, NoteAdded(came["en"], came), DESK)
        worsen(target, [one.what.alarm.labels for one in moved], work.now)
        if first.what.heard < opened:
            target.count_from(first.what.heard, priority_of(first.what.alarm.labels), DESK, work.now)

    work.act(target, change)
    if source.status in WORKING:
        work.act(source, lambda: source.record(work.now, NoteAdded(left["en"], left), DESK))
    for one in moved:
        if one.what.folded:
            _fold(work, one, new)
        else:
            stored_alarms.move_problem(work.connection, new, one.what.holder, one.what.alarm.key, one.cause.key)


def _fold(work: Work, one: Moved, new: int) -> None:
    draft, why = work.number(one.what.holder), texts.why(one.cause, one.what.alarm)

    def change() -> None:
        if draft.status is not Status.HELD:
            draft.move(Status.HELD, CAUSE, DESK, work.now)
        draft.record(work.now, NoteAdded(why["en"], why), DESK)

    work.act(draft, change)
    store.set_cause(work.connection, one.what.holder, new, why, fixed=False)
