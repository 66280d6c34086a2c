"""Which problem gets a ticket of its own, which joins another's, and which waits: a pure function.

| a problem | decision |
| --- | --- |
| is explained by an open ticket's alarm | becomes an effect of that ticket |
| belongs to the family of an open ticket with an inferred cause | joins it |
| is a cause of its own | gets a ticket at once |
| may have a cause that is not known yet | waits, at most `WAIT` |
| has waited: belongs with others to an inferred cause | one ticket for all |
| has waited: nothing explains it | gets a ticket |

A ticket that is explained by a later one is folded under it, and a later one that explains effects of another better
takes them (`moving`). A cause that has ended explains what begins soon after: what a restart leaves behind is part of
it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.common import Family, Kin, families, wider
from alerts.desk.alarms.correlation.explain import Explainer
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.lineup import Lineup
from alerts.desk.alarms.correlation.moving import Moved, Read, may_take, moves, rank
from alerts.desk.alarms.correlation.nearby import by_place, near

T = TypeVar("T")
WAIT = timedelta(seconds=14)  # a round follows within a second: 15 at most
# How long after its end a cause still explains what begins, and after which an effect that goes on is its own problem.
AFTERMATH = timedelta(seconds=180)
# Alarms of one inferred cause begin within this time.
TOGETHER = timedelta(seconds=180)
NOTHING_KNOWN = Lineup()
FAILING = ("power", "network", "node", "source", "service")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A problem without a ticket, and when the desk first heard of it."""

    alarm: Alarm
    since: datetime


@dataclass(frozen=True, slots=True)
class Attached:
    """A problem that belongs to a ticket: as an effect of its alarm, or as a member of its inferred cause."""

    alarm: Alarm
    head: Head
    cause: Alarm
    effect: bool


@dataclass(frozen=True, slots=True)
class Folded:
    """A ticket that is explained by another one; `cause` is None where both have one inferred cause."""

    head: Head
    under: Head
    cause: Alarm | None


@dataclass(slots=True)
class Decisions:
    """What follows for every candidate."""

    opened: list[Head] = field(default_factory=list)
    attached: list[Attached] = field(default_factory=list)
    folded: list[Folded] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    waiting: list[Candidate] = field(default_factory=list)


def decide(  # noqa: PLR0913, PLR0917 - what is known of the platform, and of its tickets
    heads: Iterable[Head],
    candidates: Iterable[Candidate],
    explainer: Explainer,
    now: datetime,
    lineup: Lineup = NOTHING_KNOWN,
    gathered: Read = tuple,
) -> Decisions:
    """Return the decisions about all candidates, given the tickets that stand for themselves.

    `gathered` reads what lies under these; it is called only where a ticket may take some of it.
    """
    return Round(explainer, now, lineup, heads).run(sorted(candidates, key=lambda one: one.alarm.order), gathered)


class Round:
    """Decides about all candidates together."""

    def __init__(self, explainer: Explainer, now: datetime, lineup: Lineup, heads: Iterable[Head]) -> None:
        self._explainer, self._now, self._lineup = explainer, now, lineup
        self._heads = sorted(heads, key=lambda head: head.alarm.order)
        self._known: dict[str, list[tuple[Alarm, Head]]] = defaultdict(list)
        self._result = Decisions()
        for head in self._heads:
            if head.kin is not None:
                kin, topology = head.kin, explainer.topology
                head.members += [one for one in head.below if kin.holds(one, topology)]
            self._know(head, head.own)

    def run(self, candidates: Sequence[Candidate], gathered: Read) -> Decisions:
        """Return the decisions about candidates, which are in the order of their alarms."""
        known, left = len(self._heads), list[Candidate]()
        for candidate in self._causes_first(candidates):
            if self._place(candidate.alarm):
                continue
            if self._explainer.may_have_cause(candidate.alarm):
                left.append(candidate)
            else:
                self._open(candidate.alarm)
        # A cause that came just now may explain what was looked at before it.
        left = [candidate for candidate in left if not self._place(candidate.alarm)]
        due, placed = [candidate for candidate in left if self._now >= candidate.since + WAIT], len(self._heads)
        if due:
            left = self._infer(left, {candidate.alarm.key for candidate in due})
        self._result.waiting = left
        grown = {id(one.head): one.head for one in self._result.attached if not one.effect}
        # A ticket that grew may explain more than before.
        changed = [*self._heads[known:], *(head for head in grown.values() if head.ticket is not None)]
        if changed:
            self._fold(changed)
            if self._result.folded or len(self._heads) > placed:
                self._place_again()
            self._move(changed, gathered)
        return self._result

    def _causes_first(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return causes, then those that others of them explain though they began earlier, then what is an effect."""
        may_have_cause = {one.alarm.key for one in candidates if self._explainer.may_have_cause(one.alarm)}
        causes = [one.alarm for one in candidates if one.alarm.key not in may_have_cause]
        known = by_place((one, None) for one in causes)
        explained = {one.key for one in causes if self._explained_among(one, known)}
        return sorted(candidates, key=lambda one: (one.alarm.key in may_have_cause, one.alarm.key in explained))

    def _know(self, head: Head, alarms: Iterable[Alarm]) -> None:
        for alarm in alarms:
            self._known[alarm.place].append((alarm, head))

    def _open(self, alarm: Alarm, kin: Kin | None = None) -> Head:
        head = Head(alarm, members=[alarm], kin=kin)
        self._heads.append(head)
        self._result.opened.append(head)
        self._know(head, [alarm])
        return head

    def _join(self, head: Head, alarm: Alarm) -> None:
        head.members.append(alarm)
        self._know(head, [alarm])
        self._result.attached.append(Attached(alarm, head, head.alarm, effect=False))

    def _place(self, alarm: Alarm) -> bool:
        """Give an alarm to a ticket that is there; return whether one took it."""
        given = next((head for head in self._heads if head.ended is None and head.by_hand.get(alarm.key)), None)
        found = (given.alarm, given) if given is not None else self._explanation(alarm)
        if found is not None:
            self._result.attached.append(Attached(alarm, found[1], found[0], effect=True))
            return True
        topology = self._explainer.topology
        for head in self._heads:
            if (
                head.kin is not None
                and head.ended is None
                and _open_to(head, alarm)
                and head.kin.holds(alarm, topology)
            ):
                self._join(head, alarm)
                return True
        return False

    def _explanation(self, alarm: Alarm, folded: Set[int] = frozenset()) -> tuple[Alarm, Head] | None:
        """Return the deepest alarm of a ticket that explains this one; not of those that were `folded`, by `id`."""
        fitting = [
            (cause, head)
            for cause, head in near(alarm, self._known, self._explainer.topology)
            if id(head) not in folded
            and _open_to(head, alarm)
            and self._in_time(head, alarm)
            and self._explainer.explains(cause, alarm)
        ]
        return min(fitting, key=lambda one: rank(one[1], one[0]), default=None)

    def _explained_among(self, alarm: Alarm, pending: Mapping[str, Sequence[tuple[Alarm, T]]]) -> bool:
        topology = self._explainer.topology
        return any(self._explainer.explains(other, alarm) for other, _ in near(alarm, pending, topology))

    def _in_time(self, head: Head, alarm: Alarm) -> bool:
        """Return whether a cause was there when an alarm began, or had ended only just before."""
        return head.ended is None or alarm.began <= head.ended + AFTERMATH

    def _infer(self, left: list[Candidate], due: set[str]) -> list[Candidate]:
        """Open tickets for what has waited long enough; return what waits on."""
        alarms = [candidate.alarm for candidate in left]
        pending = by_place((one, None) for one in alarms)
        roots = [one for one in alarms if not self._explained_among(one, pending)]
        standing = [head for head in self._heads if self._may_share(head)]
        by_key = {alarm.key: head for head in standing for alarm in head.own}
        known = [alarm for head in standing for alarm in head.own]
        for family in self._families([*roots, *known]):
            fresh = [one for one in family.members if one.key not in by_key]
            if not fresh or not due & {one.key for one in fresh}:
                continue
            there = _heads_of(family.members, by_key)
            if there:
                fresh = [one for one in fresh if _open_to(there[0], one)]
            head = there[0] if there else self._open(fresh.pop(0), family.kin)
            head.kin = wider(head.kin, family.kin)
            for one in fresh:
                self._join(head, one)
            self._share(head, there[1:])
        return self._settle(left, due)

    def _settle(self, left: list[Candidate], due: set[str]) -> list[Candidate]:
        waiting = []
        taken = {one.alarm.key for one in self._result.attached} | {head.alarm.key for head in self._heads}
        pending = [one for one in left if one.alarm.key not in taken]
        # What is due may be the effect of something that still waits: then that opens now.
        waits = by_place((one.alarm, None) for one in pending)
        wanted = due | {
            cause.key
            for one in pending
            if one.alarm.key in due
            for cause, _ in near(one.alarm, waits, self._explainer.topology)
            if self._explainer.explains(cause, one.alarm)
        }
        for candidate in pending:  # in the order of their depth
            alarm = candidate.alarm
            if self._place(alarm):
                continue
            if alarm.key in wanted:
                self._open(alarm)
            else:
                waiting.append(candidate)
        return waiting

    def _families(self, alarms: Iterable[Alarm]) -> Sequence[Family]:
        return families(alarms, self._explainer.topology, self._lineup)

    def _may_share(self, head: Head) -> bool:
        return head.ended is None and not head.fixed and self._now - head.alarm.began <= TOGETHER

    def _place_again(self) -> None:
        """Give effects that were placed before tickets opened or were folded to the one that explains them best now."""
        folded = {id(one.head) for one in self._result.folded}
        for place, one in enumerate(self._result.attached):
            if one.effect and not one.head.by_hand.get(one.alarm.key):
                found = self._explanation(one.alarm, folded)
                if found is not None and found[1] is not one.head:
                    self._result.attached[place] = Attached(one.alarm, found[1], found[0], effect=True)

    def _move(self, changed: Sequence[Head], gathered: Read) -> None:
        """Give what lies under other tickets to those of the changed ones that explain it better."""
        under = {id(one.head): one.under for one in self._result.folded}
        roots = {head.ticket: under.get(id(head), head) for head in self._heads if head.ticket is not None}
        # What lay under a ticket that was folded just now may belong to any.
        among = self._heads if under else changed
        to = [head for head in among if id(head) not in under and head.ended is None]
        if under or may_take(to, roots.values()):
            self._result.moved = moves(gathered(), roots, to, self._explainer)

    def _fold(self, changed: Sequence[Head]) -> None:
        """Put tickets under new or larger ones that explain them, and under the first of an inferred cause."""
        folded = {id(one.head) for one in self._result.folded}
        above = {id(one.under) for one in self._result.folded}
        for head in self._heads:
            if head.fixed or head.ticket is None or id(head) in folded | above:
                continue
            causes = [
                (under, cause)
                for under in changed
                if under is not head and id(under) not in folded and (cause := self._cause_of(head, under)) is not None
            ]
            if causes:
                under, cause = min(causes, key=lambda one: rank(*one))
                self._result.folded.append(Folded(head, under, cause))
                folded.add(id(head))
                above.add(id(under))
        standing = [head for head in self._heads if self._may_share(head) and id(head) not in folded]
        by_key = {alarm.key: head for head in standing for alarm in head.own}
        known = [alarm for head in standing for alarm in head.own]
        for family in self._families(known):
            first, *others = _heads_of(family.members, by_key)
            if any(head in changed for head in (first, *others)) and (others or first.kin is not None):
                first.kin = wider(first.kin, family.kin)
                self._share(first, others)

    def _share(self, head: Head, others: Sequence[Head]) -> None:
        """Put tickets of one inferred cause under the first of them, which explains what they explain."""
        if not head.members:
            head.members.append(head.alarm)
        for other in others:
            self._result.folded.append(Folded(other, head, None))
            head.members += other.own
            self._know(head, other.own)

    def _cause_of(self, head: Head, under: Head) -> Alarm | None:
        """Return the alarm of `under` that explains most of what `head` is about."""
        if head.ended is not None and under.alarm.began > head.ended + AFTERMATH:
            return None
        causes = [
            next((cause for cause in under.own if self._explainer.explains(cause, one)), None) for one in head.own
        ]
        found = [cause for cause in causes if cause is not None]
        return found[0] if 2 * len(found) > len(causes) else None


def _open_to(head: Head, alarm: Alarm) -> bool:
    """Return whether no engineer took the problem out of the ticket."""
    return head.by_hand.get(alarm.key) is not False


def _heads_of(alarms: Iterable[Alarm], by_key: Mapping[str, Head]) -> list[Head]:
    """Return the tickets that alarms belong to, each once."""
    found = (by_key[alarm.key] for alarm in alarms if alarm.key in by_key)
    return list({id(head): head for head in found}.values())


def failing_places(heads: Iterable[Head], alarms: Iterable[Alarm] = ()) -> set[str]:
    """Return the elements that fail, by the tickets that stand for themselves and by other alarms that fire."""
    own = (alarm for head in heads if head.ended is None for alarm in head.own)
    return {alarm.place for alarm in (*own, *alarms) if alarm.layer in FAILING}
