"""What has to change so that tickets are grouped as if all their alarms had come in the same moment: a pure function.

Alarms are decided about as they come, and what was decided is kept while more of them come. Once it is quiet, tickets
are compared with the grouping that follows from everything that fires (`together`), and brought to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.explain import Explainer
from alerts.desk.alarms.correlation.grouping import NOTHING_KNOWN
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.lineup import Lineup
from alerts.desk.alarms.correlation.nearby import ByPlace, by_place, near
from alerts.desk.alarms.correlation.together import Cluster, clusters


@dataclass(frozen=True, slots=True)
class Stored:
    """A problem that fires, and the ticket that has its alarms."""

    alarm: Alarm
    holder: int
    root: int  # the ticket that stands for itself
    own: bool  # the holder was opened for it
    effect: bool  # of the holder's alarms
    rows: tuple[int, ...] = ()  # its alarms that fire

    @property
    def below(self) -> bool:
        """Return whether something else may have been said to be its cause."""
        return self.effect or self.holder != self.root


@dataclass(frozen=True, slots=True)
class Target:
    """What a problem or a ticket belongs to from now on: as an effect of `cause`, or to the problem itself."""

    ticket: int  # negative: one that has to open, see `Settlement.opened`
    cause: Alarm | None


@dataclass(slots=True)
class Settlement:
    """What has to change."""

    opened: dict[int, Cluster] = field(default_factory=dict)  # by the negative number that stands for the new ticket
    released: list[int] = field(default_factory=list)  # tickets that stand for themselves again
    folded: list[tuple[int, Target]] = field(default_factory=list)  # those that stood for themselves come first
    moved: list[tuple[Stored, Target]] = field(default_factory=list)
    kin: dict[int, Cluster] = field(default_factory=dict)  # tickets whose alarms have something else in common now

    def __bool__(self) -> bool:
        return bool(self.released or self.folded or self.moved or self.kin)


def settle(  # noqa: PLR0913 - what is known of the platform, and of its tickets
    heads: Sequence[Head],
    stored: Sequence[Stored],
    explain: Callable[[Iterable[Alarm]], Explainer],
    now: datetime,
    lineup: Lineup = NOTHING_KNOWN,
    *,
    over: Callable[[Set[int]], Mapping[int, Sequence[Alarm]]] = lambda _: {},
) -> Settlement:
    """Return what has to change of tickets that stand for themselves, and of what lies under them.

    `heads` are all that stand for themselves. Those with nothing in `stored` stay what they are, as those that
    engineers grouped do; they may explain something of the others. `explain` makes what answers while some alarms
    fire; `over` reads the alarms that have ended under tickets that stand for themselves.
    """
    roots = {one.root for one in stored}
    kept = [head for head in heads if head.ticket not in roots]
    firing = [*(one.alarm for one in stored), *(alarm for head in kept if head.ended is None for alarm in head.own)]
    explainer = explain(firing)
    waits = {one.alarm.key for one in _ended_cause(stored, firing, explainer, explain, over)}
    free = [one for one in stored if one.alarm.key not in waits]
    found = clusters((one.alarm for one in free), explainer, now, lineup, kept)
    return _Comparison(found, free, {head.ticket: head for head in heads}).settlement()


def _ended_cause(
    stored: Iterable[Stored],
    firing: Sequence[Alarm],
    explainer: Explainer,
    explain: Callable[[Iterable[Alarm]], Explainer],
    over: Callable[[Set[int]], Mapping[int, Sequence[Alarm]]],
) -> list[Stored]:
    """Return what nothing that fires explains but what has ended a short time ago: it stays where it is."""
    known = by_place((one, None) for one in firing)
    below = [one for one in stored if one.below and not _explained(one.alarm, known, explainer)]
    ended = over({one.root for one in below}) if below else {}
    before = explain([*firing, *(alarm for found in ended.values() for alarm in found)])
    return [one for one in below if any(before.explains(alarm, one.alarm) for alarm in ended.get(one.root, ()))]


def _explained(alarm: Alarm, known: ByPlace[None], explainer: Explainer) -> bool:
    return any(explainer.explains(cause, alarm) for cause, _ in near(alarm, known, explainer.topology))


class _Comparison:
    def __init__(self, found: Sequence[Cluster], stored: Sequence[Stored], heads: Mapping[int | None, Head]) -> None:
        self._stored = {one.alarm.key: one for one in stored}
        self._clusters = {self._ticket(cluster) or -number: cluster for number, cluster in enumerate(found, 1)}
        self._targets = dict(one for each in self._clusters.items() for one in _targets(*each))
        self._heads = heads
        self._above: dict[int, int] = {}  # the ticket that each one is under from now on; itself: none

    def settlement(self) -> Settlement:
        """Return what has to change."""
        result = Settlement({number: cluster for number, cluster in self._clusters.items() if number < 0})
        tickets = {one.holder: one for one in self._stored.values() if one.own}
        for number, one in sorted(tickets.items(), key=lambda each: (each[1].root != each[0], each[0])):
            target = self._targets[one.alarm.key]
            # What lies under a ticket goes along when that is folded.
            present = self._above.get(one.root, one.root)
            self._above[number] = target.ticket
            if target.ticket == number != present:
                result.released.append(number)
            elif target.ticket != present:
                result.folded.append((number, target))
        for key, one in self._stored.items():
            target = self._targets[key]
            present = self._above.get(one.holder, self._above.get(one.root, one.root))
            # A ticket that is folded keeps what it was opened for and its effects.
            other = one.holder == target.ticket and one.effect != (target.cause is not None)
            if not one.own and (target.ticket != present or other):
                result.moved.append((one, target))
        touched = {number for one, target in result.moved for number in (one.holder, one.root, target.ticket)}
        touched |= {one for number, target in result.folded for one in (tickets[number].root, target.ticket)}
        touched |= {tickets[number].root for number in result.released}
        result.kin = self._renamed(touched, result.released)
        return result

    def _renamed(self, touched: Set[int], released: Sequence[int]) -> dict[int, Cluster]:
        """Return the tickets whose title has to say something else."""
        found = {}
        for number, cluster in self._clusters.items():
            head = self._heads.get(number)
            known = head.kin if head is not None else None
            other = number in released or cluster.kin != known or (cluster.kin is not None and number in touched)
            if number > 0 and cluster.ticket is None and other:
                found[number] = cluster
        return found

    def _ticket(self, cluster: Cluster) -> int | None:
        """Return the ticket of a cluster: one that was opened for its problem, at best one that stands for itself."""
        found = [one for alarm in cluster.own if (one := self._stored.get(alarm.key)) is not None and one.own]
        first = min(found, key=lambda one: (one.root != one.holder, one.holder), default=None)
        return cluster.ticket or (first.holder if first is not None else None)


def _targets(number: int, cluster: Cluster) -> Iterable[tuple[str, Target]]:
    yield from ((one.key, Target(number, None)) for one in cluster.own)
    yield from ((key, Target(number, cause)) for key, (_, cause) in cluster.effects.items())
