"""Brings tickets to the grouping that follows from everything that fires, once no more alarms come for a while."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from alerts.desk.alarms.correlation import store, texts
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.firing import ended, firing
from alerts.desk.alarms.correlation.grouping import Attached, Decisions, Folded
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.settling import Settlement, Stored, Target, settle
from alerts.desk.alarms.describing import describe
from alerts.desk.alarms.gather import Fresh, Gathering
from alerts.desk.alarms.judging import judge
from alerts.desk.alarms.release import problems_of
from alerts.desk.alarms.work import Work
from alerts.desk.core.actors import DESK
from alerts.desk.core.database import Database
from alerts.desk.core.tables import alarm
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import NoteAdded
from alerts.desk.tickets.policy import Policy
from alerts.desk.tickets.states import RELEASED, Status


def settle_down(database: Database, correlator: Correlator, policy: Policy, now: datetime) -> int:
    """Group again what would be grouped otherwise had it come all at once; return the tickets opened.

    Nothing is locked where nothing has to change, which is nearly always.
    """
    if not correlator.unsettled.due(now):
        return 0
    with database.read() as connection:
        found = _found(connection, correlator, now)[2]
    opened = 0
    if found:
        with database.write() as connection:
            work = Work(connection, policy, now)
            heads, stored, found = _found(connection, correlator, now)
            _Settling(work, correlator, heads, stored).apply(found)
            opened = len(work.opening)
    correlator.unsettled.first = None
    return opened


def _found(
    connection: Connection, correlator: Correlator, now: datetime
) -> tuple[Sequence[Head], Sequence[Stored], Settlement]:
    heads = store.heads(connection, now)
    stored = firing(connection, heads)
    found = settle(
        heads,
        stored,
        lambda alarms: correlator.explainer((), alarms),
        now,
        correlator.lineup,
        over=lambda roots: ended(connection, roots),
    )
    return heads, stored, found


class _Settling:
    def __init__(self, work: Work, correlator: Correlator, heads: Sequence[Head], stored: Sequence[Stored]) -> None:
        self._work, self._correlator = work, correlator
        self._heads = {head.ticket: head for head in heads if head.ticket is not None}
        self._stored = stored
        for one in stored:
            if one.own and one.holder not in self._heads:
                self._heads[one.holder] = Head(one.alarm, ticket=one.holder)

    def apply(self, found: Settlement) -> None:
        """Write what has to change."""
        work = self._work
        tickets = [*found.released, *found.kin, *(number for number, _ in found.folded)]
        tickets += [target.ticket for _, target in found.folded] + [one.holder for one, _ in found.moved]
        tickets += [target.ticket for _, target in found.moved]
        work.lock_numbers([number for number in tickets if number > 0])
        for number, cluster in found.opened.items():
            self._heads[number] = Head(cluster.own[0], members=list(cluster.own), kin=cluster.kin)
        for number, cluster in found.kin.items():
            self._heads[number].kin, self._heads[number].members = cluster.kin, list(cluster.own)
        for one, target in found.moved:
            self._leave(work.number(one.holder), one, target)
        self._note(found.moved)
        for number in found.released:
            self._release(number)
        gathering, decisions = self._gathering(found), self._decisions(found)
        gathering.apply(decisions, {})
        for number, cluster in found.kin.items():
            if cluster.kin is not None:
                gathering.retitle(self._heads[number])
        work.after(lambda: self._store(found))
        work.save()
        describe(
            work.connection,
            [number for number, cluster in found.kin.items() if cluster.kin is None],
            work.policy.zone,
            work.now,
        )

    def _decisions(self, found: Settlement) -> Decisions:
        heads = self._heads
        first = {head.alarm.key for number, head in heads.items() if number < 0}
        return Decisions(
            opened=[heads[number] for number in found.opened],
            attached=[
                Attached(one.alarm, heads[to.ticket], to.cause or heads[to.ticket].alarm, effect=to.cause is not None)
                for one, to in found.moved
                if one.alarm.key not in first
            ],
            folded=[Folded(heads[number], heads[to.ticket], to.cause) for number, to in found.folded],
        )

    def _gathering(self, found: Settlement) -> Gathering:
        """Return what applies decisions about alarms that are in the database already."""
        work = self._work
        numbers = {one.alarm.key: list(one.rows) for one, _ in found.moved}
        wanted = select(alarm).where(alarm.c.id.in_([row for rows in numbers.values() for row in rows]))
        rows = [AlarmRecord(row) for row in work.connection.execute(wanted.order_by(alarm.c.id)).mappings()]
        problems = problems_of(rows)
        fresh = [Fresh(one, judge(one, {}, work.policy, work.now, Counter(), has_ticket=True)) for one in problems]
        return Gathering(work, self._correlator, {one.problem.key: one for one in fresh}, numbers)

    def _leave(self, draft: Draft, one: Stored, target: Target) -> None:
        """Let a ticket have fewer alarms; as a problem of its own only what is no effect counts."""
        if one.effect:
            return
        stays = target.ticket == draft.id

        def change() -> None:
            draft.firing -= len(one.rows)
            if not draft.firing and not stays:
                draft.recovered(self._work.policy, self._work.now)

        self._work.act(draft, change)

    def _note(self, moved: Iterable[tuple[Stored, Target]]) -> None:
        """Say in both tickets what was moved."""
        counted = Counter((one.holder, to.ticket) for one, to in moved if one.holder != to.ticket)
        for (old, new), number in sorted(counted.items()):
            left, came = texts.settled(f"ticket {old}", f"ticket {new}" if new > 0 else "a new ticket", number)
            self._write(old, left)
            if new > 0:
                self._write(new, came)

    def _write(self, number: int, note: texts.Texts) -> None:
        draft = self._work.number(number)
        self._work.act(draft, lambda: draft.record(self._work.now, NoteAdded(note["en"], note), DESK))

    def _release(self, number: int) -> None:
        draft, work = self._work.number(number), self._work

        def change() -> None:
            if draft.status is Status.HELD and not draft.vendor:
                draft.move(Status.IN_PROGRESS, RELEASED, DESK, work.now)

        work.act(draft, change)
        self._write(number, texts.alone())
        work.after(lambda: store.set_cause(work.connection, number, None, {}, fixed=False))

    def _store(self, found: Settlement) -> None:
        for number, cluster in found.kin.items():
            store.set_kin(self._work.connection, number, cluster.kin)
