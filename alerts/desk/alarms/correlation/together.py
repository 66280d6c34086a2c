"""The grouping of alarms as if all of them had come in the same moment: a pure function of what fires.

It follows from the alarms, their beginnings and the topology alone, so no order of arrival has a part in it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.common import Family, Kin, families
from alerts.desk.alarms.correlation.explain import Explainer
from alerts.desk.alarms.correlation.grouping import TOGETHER, WAIT, Candidate, Decisions, Round
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.lineup import Lineup
from alerts.desk.alarms.correlation.nearby import by_place, near
from alerts.desk.alarms.correlation.topology import Topology


@dataclass(slots=True)
class Cluster:
    """What belongs to one cause: the alarms that are the problem itself, the first one first, and their effects."""

    own: list[Alarm]
    kin: Kin | None = None
    ticket: int | None = None  # the standing ticket that all of it joins, where there is one
    effects: dict[str, tuple[Alarm, Alarm]] = field(default_factory=dict)  # by problem: the alarm, and its cause


def clusters(
    alarms: Iterable[Alarm], explainer: Explainer, now: datetime, lineup: Lineup, heads: Sequence[Head] = ()
) -> list[Cluster]:
    """Return alarms by their causes; `heads` are tickets that stay what they are, and may explain some of them."""
    candidates = [Candidate(one, now - WAIT) for one in sorted(alarms, key=lambda one: one.order)]
    return _chained(_clusters(_Together(explainer, now, lineup, heads).run(candidates, tuple)), explainer)


class _Together(Round):
    """A round about all alarms; what has one inferred cause began within `TOGETHER`, whenever that was."""

    def _families(self, alarms: Iterable[Alarm]) -> Sequence[Family]:
        return families_in_time(alarms, self._explainer.topology, self._lineup)

    def _may_share(self, head: Head) -> bool:
        return head.ticket is None


def families_in_time(alarms: Iterable[Alarm], topology: Topology, lineup: Lineup) -> list[Family]:
    """Return the families of alarms that began within `TOGETHER` of each other."""
    found: list[Family] = []
    for burst in _bursts(sorted(alarms, key=lambda one: (one.began, one.key))):
        for family in families(burst, topology, lineup):
            members = _densest(family.members)
            found += [family] if len(members) == len(family.members) else families(members, topology, lineup)
    return found


def _bursts(alarms: Iterable[Alarm]) -> Iterator[list[Alarm]]:
    """Yield alarms, which are in the order of their beginnings, apart where none began for longer than `TOGETHER`."""
    burst: list[Alarm] = []
    for one in alarms:
        if burst and one.began - burst[-1].began > TOGETHER:
            yield burst
            burst = []
        burst.append(one)
    if burst:
        yield burst


def _densest(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Return the most alarms that began within `TOGETHER`, of several the earliest."""
    ordered = sorted(alarms, key=lambda one: (one.began, one.key))
    best, end = (0, 0), 0
    for start, first in enumerate(ordered):
        while end < len(ordered) and ordered[end].began - first.began <= TOGETHER:
            end += 1
        if end - start > best[1] - best[0]:
            best = start, end
    return ordered[slice(*best)]


def _clusters(decisions: Decisions) -> list[Cluster]:
    under = {id(one.head): one for one in decisions.folded}
    found: dict[int, Cluster] = {}

    def of(head: Head) -> Cluster:
        while id(head) in under:
            head = under[id(head)].under
        known = Cluster([] if head.ticket is not None else [head.alarm], head.kin, head.ticket)
        return found.setdefault(id(head), known)

    for head in decisions.opened:
        cluster = of(head)
        folded = under.get(id(head))
        if folded is not None and folded.cause is not None:
            cluster.effects[head.alarm.key] = head.alarm, folded.cause
        elif folded is not None:
            cluster.own.append(head.alarm)
    for one in decisions.attached:
        cluster = of(one.head)
        if one.effect:
            cluster.effects[one.alarm.key] = one.alarm, one.cause
        else:
            cluster.own.append(one.alarm)
    return list(found.values())


def _chained(found: Sequence[Cluster], explainer: Explainer) -> list[Cluster]:
    """Put clusters of one alarm under those of which an effect explains it: a cause may have a cause of its own."""
    holders: dict[str, Cluster] = {}
    known: list[tuple[Alarm, Cluster]] = []
    for cluster in found:
        for one in (*cluster.own, *(alarm for alarm, _ in cluster.effects.values())):
            holders[one.key] = cluster
            known.append((one, cluster))
    places = by_place((one, None) for one, _ in known)
    left = [cluster for cluster in found if cluster.ticket is not None]
    fresh = [cluster for cluster in found if cluster.ticket is None]
    for cluster in sorted(fresh, key=lambda one: one.own[0].order, reverse=True):
        cause = _cause_of(cluster, places, holders, explainer)
        if cause is None:
            left.append(cluster)
            continue
        above = holders[cause.key]
        above.effects |= {cluster.own[0].key: (cluster.own[0], cause), **cluster.effects}
        holders |= dict.fromkeys((cluster.own[0].key, *cluster.effects), above)
    return left


def _cause_of(
    cluster: Cluster,
    places: Mapping[str, Sequence[tuple[Alarm, None]]],
    holders: Mapping[str, Cluster],
    explainer: Explainer,
) -> Alarm | None:
    """Return the deepest alarm of another cluster that explains the only one that a cluster is about."""
    if cluster.kin is not None or len(cluster.own) != 1:
        return None
    alarm = cluster.own[0]
    causes = [
        one
        for one, _ in near(alarm, places, explainer.topology)
        if holders[one.key] is not cluster and explainer.explains(one, alarm)
    ]
    return min(causes, key=lambda one: one.order, default=None)
