"""Applies the decisions about problems without a ticket, in the transaction that heard of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import NamedTuple

from sqlalchemy import Connection

from alerts.desk.alarms import store as stored_alarms
from alerts.desk.alarms.correlation import effects, store, texts
from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.grouping import WAIT, Attached, Candidate, Decisions, Folded, decide
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.moving import Gathered
from alerts.desk.alarms.correlation.records import Waiting
from alerts.desk.alarms.judging import Judged, judge
from alerts.desk.alarms.move import move
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.opening import worst_of
from alerts.desk.alarms.reacting import worsen
from alerts.desk.alarms.staying import homes_of
from alerts.desk.alarms.webhook import Alert
from alerts.desk.alarms.work import Place, Work
from alerts.desk.core.actors import DESK
from alerts.desk.core.annotations import by_language
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.events import NoteAdded
from alerts.desk.tickets.policy import priority_of
from alerts.desk.tickets.states import CAUSE, WORKING, Status

NOTHING_STORED: Mapping[str, list[int]] = {}


@dataclass(frozen=True)
class Fresh:
    """A problem that has no ticket yet, and what its alerts came to."""

    problem: Problem
    judged: Judged

    @cached_property
    def alarm(self) -> Alarm:
        """Return the problem as correlation sees it."""
        worst = worst_of(self.judged.fresh)
        return Alarm(self.problem.key, {**self.problem.labels, **worst.labels}, worst.starts_at)


class Heard(NamedTuple):
    """When the desk first heard of what a ticket explains, and how urgent that was."""

    head: Head
    at: datetime
    priority: str


def layered(problem: Problem) -> bool:
    """Return whether the rules say what kind of alarm a problem is; nothing is known of the others' causes."""
    return any(alert.labels.get("layer") for alert in problem.alerts)


def gather(work: Work, correlator: Correlator, fresh: Sequence[Fresh]) -> None:
    """Open tickets for problems, give them to tickets that explain them, or let them wait."""
    heads = store.heads(work.connection, work.now)
    explainer = correlator.explainer(heads)
    by_key = {one.problem.key: one for one in fresh}
    heard = set(by_key)
    # A cause that comes now takes what waits for it; else only what is told of again matters.
    opens = any(not explainer.may_have_cause(one.alarm) for one in fresh)
    waiting = store.all_waiting(work.connection, None if opens else list(by_key))
    since = {each.problem_key: each.since for each in waiting}
    by_key = {each.problem_key: _waited(each, by_key.get(each.problem_key), work) for each in waiting} | {
        key: one for key, one in by_key.items() if key not in since
    }
    candidates = [Candidate(one.alarm, since.get(key, work.now)) for key, one in by_key.items()]
    explainer = correlator.explainer(heads, [one.alarm for one in candidates])
    correlator.unsettled.note(work.now)
    decisions = decide(heads, candidates, explainer, work.now, correlator.lineup, partial(_gathered, work, heads))
    Gathering(work, correlator, by_key).apply(decisions, since, heard)


def has_waited(connection: Connection, now: datetime) -> bool:
    """Return whether there is something to decide about."""
    first = store.first_waiting(connection)
    return first is not None and now >= first + WAIT


def let_time_pass(work: Work, correlator: Correlator) -> None:
    """Decide about what has waited long enough."""
    if not has_waited(work.connection, work.now):
        return
    waiting = store.all_waiting(work.connection)
    heads = store.heads(work.connection, work.now)
    by_key = {each.key: _again(each, work) for each in _each_once(work.connection, waiting)}
    since = {each.problem_key: each.since for each in waiting}
    candidates = [Candidate(one.alarm, since[key]) for key, one in by_key.items()]
    explainer = correlator.explainer(heads, [one.alarm for one in candidates])
    correlator.unsettled.note(work.now)
    decisions = decide(heads, candidates, explainer, work.now, correlator.lineup, partial(_gathered, work, heads))
    Gathering(work, correlator, by_key).apply(decisions, since)


def _each_once(connection: Connection, waiting: Sequence[Waiting]) -> list[Problem]:
    """Return the problems that wait without the alerts that another group of Alertmanager brought first."""
    found = [_problem(each) for each in sorted(waiting, key=lambda each: (each.since, each.problem_key))]
    homes = homes_of(connection, found)
    seen: set[tuple[str, datetime | None]] = set()
    for problem in found:
        alerts = {(each.fingerprint, each.starts_at): each for each in problem.alerts}
        problem.alerts = [
            alert
            for name, alert in alerts.items()
            if name not in seen and (problem.key, alert.fingerprint) not in homes
        ]
        seen |= alerts.keys()
    store.take_waiting(connection, [problem.key for problem in found if not problem.alerts])
    return [problem for problem in found if problem.alerts]


def _gathered(work: Work, heads: Sequence[Head]) -> Sequence[Gathered]:
    return effects.gathered(work.connection, [head.ticket for head in heads if head.ticket is not None])


def _waited(waiting: Waiting, again: Fresh | None, work: Work) -> Fresh:
    """Return a problem that waits, with what was heard of it since."""
    problem = _problem(waiting)
    if again is not None:
        latest = {alert.fingerprint: alert for alert in again.problem.alerts}
        began = {alert.fingerprint: alert.starts_at for alert in problem.alerts}
        kept = [alert for alert in problem.alerts if alert.fingerprint not in latest]
        problem.alerts = kept + [_began(alert, began.get(alert.fingerprint)) for alert in latest.values()]
        problem.annotations = again.problem.annotations or problem.annotations
    return _again(problem, work)


def _problem(waiting: Waiting) -> Problem:
    return Problem(waiting.problem_key, waiting.labels, list(waiting.alerts), waiting.annotations)


def _again(problem: Problem, work: Work) -> Fresh:
    return Fresh(problem, judge(problem, {}, work.policy, work.now, Counter(), has_ticket=True))


def _began(alert: Alert, at: datetime | None) -> Alert:
    return alert if alert.starts_at is not None or at is None else replace(alert, starts_at=at)


def gather_again(work: Work, correlator: Correlator, fresh: Sequence[Fresh], stored: Mapping[str, list[int]]) -> None:
    """Give problems that outlived their cause to tickets, as if each had waited; `stored` are their alarms by problem.

    What goes on together may have another cause in common that fails now, or one that is inferred.
    """
    heads = [head for head in store.heads(work.connection, work.now) if head.ended is None]
    candidates = [Candidate(one.alarm, work.now - WAIT) for one in fresh]
    explainer = correlator.explainer(heads, [one.alarm for one in candidates])
    correlator.unsettled.note(work.now)
    decisions = decide(heads, candidates, explainer, work.now, correlator.lineup)
    Gathering(work, correlator, {one.problem.key: one for one in fresh}, stored).apply(decisions, {})


class Gathering:
    def __init__(
        self,
        work: Work,
        correlator: Correlator,
        by_key: Mapping[str, Fresh],
        stored: Mapping[str, list[int]] = NOTHING_STORED,
    ) -> None:
        self._work, self._correlator, self._by_key, self._stored = work, correlator, by_key, stored
        self._drafts: dict[int, Draft] = {}

    def apply(self, decisions: Decisions, since: Mapping[str, datetime], heard: Set[str] = frozenset()) -> None:
        """Write what was decided; `heard` are the problems that something was heard of now."""
        work = self._work
        there = [one.head for one in decisions.attached] + [
            head for one in decisions.folded for head in (one.head, one.under)
        ]
        work.lock_numbers([head.ticket for head in there if head.ticket is not None])
        for head in decisions.opened:
            one = self._by_key[head.alarm.key]
            stored = head.alarm.key in self._stored
            self._drafts[id(head)] = work.open(one.problem, _copy(one.judged), stored=stored)
        for attached in decisions.attached:
            self._attach(attached)
        grown = [one.head for one in decisions.attached if not one.effect]
        grown += [one.under for one in decisions.folded if one.cause is None]
        for head in {id(head): head for head in grown}.values():
            self.retitle(head)
        for folded in decisions.folded:
            self._fold(folded)
        for first in first_effects(decisions, since, work.now):
            self._count_from(first)
        store.take_waiting(work.connection, [key for key in since if key not in _keys(decisions.waiting)])
        self._wait([one for one in decisions.waiting if one.alarm.key in heard or one.alarm.key not in since], since)
        work.after(lambda: self._store(decisions))
        if decisions.moved:
            work.after(lambda: move(work, decisions.moved))

    def _draft(self, head: Head) -> Draft:
        if head.ticket is not None:
            return self._work.number(head.ticket)
        return self._drafts[id(head)]

    def _attach(self, attached: Attached) -> None:
        one = self._by_key[attached.alarm.key]
        cause = attached.cause.key if attached.effect else None
        judged = _copy(one.judged)
        if attached.alarm.key in self._stored:
            judged.fresh = []
        self._work.tell(one.problem, judged, Place(self._draft(attached.head), attached.effect, cause))

    def retitle(self, head: Head) -> None:
        """Say in a ticket's title what its alarms have in common."""
        draft, kin = self._draft(head), head.kin
        if kin is None:
            return
        nodes = sorted({alarm.node for alarm in head.own if alarm.node})

        def change() -> None:
            draft.names = texts.title(kin, nodes, self._names(head), self._correlator.topology)

        self._work.act(draft, change)

    def _names(self, head: Head) -> dict[str, str]:
        """Return the title of a ticket's first alarm."""
        first = self._by_key.get(head.alarm.key)
        if first is None:
            return store.first_title(self._work.connection, head.ticket or 0, head.alarm, self._work.policy.zone)
        worst = worst_of(first.judged.fresh)
        return by_language(worst.annotations, "summary", head.alarm.name, self._work.policy.zone)

    def _fold(self, folded: Folded) -> None:
        head, under = folded.head, folded.under
        draft = self._draft(head)

        def change() -> None:
            if draft.status in WORKING and draft.status is not Status.HELD:
                draft.move(Status.HELD, CAUSE, DESK, self._work.now)
            why = _why(folded)
            draft.record(self._work.now, NoteAdded(why["en"], why), DESK)

        self._work.act(draft, change)
        if head.ended is None:
            above, labels = self._draft(under), [one.labels for one in head.own]
            self._work.act(above, lambda: worsen(above, labels, self._work.now))
        self._work.after(
            lambda: store.set_cause(
                self._work.connection, self._number(head), self._number(under), _why(folded), fixed=False
            )
        )

    def _count_from(self, heard: Heard) -> None:
        draft = self._draft(heard.head)
        self._work.act(draft, lambda: draft.count_from(heard.at, heard.priority, DESK, self._work.now))

    def _number(self, head: Head) -> int:
        return self._draft(head).id

    def _wait(self, waiting: Iterable[Candidate], since: Mapping[str, datetime]) -> None:
        found = [(self._by_key[each.alarm.key].problem, since.get(each.alarm.key, each.since)) for each in waiting]
        store.put_waiting(self._work.connection, found)

    def _store(self, decisions: Decisions) -> None:
        for head in decisions.opened:
            head.ticket = self._number(head)
        store.add(self._work.connection, decisions.opened)
        self._move(decisions)
        grown = [one.head for one in decisions.attached if not one.effect] + [one.under for one in decisions.folded]
        for head in {id(head): head for head in grown}.values():
            if head.kin is not None and head.ticket is not None:
                store.set_kin(self._work.connection, head.ticket, head.kin)

    def _move(self, decisions: Decisions) -> None:
        """Give alarms that are in the database already to their tickets, which have their numbers by now."""
        given: list[tuple[str, Head, str | None]] = [(head.alarm.key, head, None) for head in decisions.opened]
        given += [(one.alarm.key, one.head, one.cause.key if one.effect else None) for one in decisions.attached]
        for key, head, cause in given:
            if key in self._stored and head.ticket is not None:
                stored_alarms.move(self._work.connection, head.ticket, self._stored[key], cause)


def _copy(judged: Judged) -> Judged:
    return replace(judged, fresh=list(judged.fresh))


def first_effects(decisions: Decisions, since: Mapping[str, datetime], now: datetime) -> list[Heard]:
    """Return the first effect of each ticket that explains what was there before it."""
    heard = [
        Heard(one.head, since[one.alarm.key], priority_of(one.alarm.labels))
        for one in decisions.attached
        if one.alarm.key in since
    ]
    heard += [
        Heard(one.under, one.head.opened, priority_of(one.head.alarm.labels))
        for one in decisions.folded
        if one.head.opened and one.head.ended is None
    ]
    earlier = [one for one in heard if one.at < (one.head.opened or now)]
    return list({id(one.head): one for one in sorted(earlier, key=lambda one: one.at, reverse=True)}.values())


def _keys(candidates: Iterable[Candidate]) -> set[str]:
    return {candidate.alarm.key for candidate in candidates}


def _why(folded: Folded) -> dict[str, str]:
    if folded.cause is not None:
        return texts.why(folded.cause, folded.head.alarm)
    if folded.under.kin is not None:
        return texts.shared(folded.under.kin)
    return {"en": "Both have one inferred cause.", "ru": "У обоих одна предполагаемая причина."}
