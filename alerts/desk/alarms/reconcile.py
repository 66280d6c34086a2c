"""Webhooks are hints, the alert list is the truth: what lost webhooks left is repaired from every Alertmanager's list.

Two repairs: an active alert that the desk does not hold as firing, and an occurrence that the desk holds as firing
and no Alertmanager has any more. The second is believed only of Alertmanagers that run long enough for Prometheus to
have told them everything again, and only when it is so twice in a row; a suppressed alert is still there. What both
hold gets its latest texts: rules put measured values into them, and Alertmanager repeats its messages hours later.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.desk.alarms import planned_store
from alerts.desk.alarms import store as stored_alarms
from alerts.desk.alarms.alertmanager import State
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.store import waiting_keys
from alerts.desk.alarms.ingest import ingest_problems, problems
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.outcome import Verdict
from alerts.desk.alarms.staying import Home, gathered
from alerts.desk.alarms.store import Held
from alerts.desk.alarms.watchdog import OWN
from alerts.desk.alarms.webhook import Alert, Notification
from alerts.desk.core.database import Database
from alerts.desk.tickets.policy import Policy

log = logging.getLogger("desk.reconcile")
Name = tuple[str, str]
"""Problem key and fingerprint."""


@dataclass(slots=True)
class Memory:
    """What one round leaves for the next.

    `before` is what the desk held before it asked for the states: what it held then and does not hold now has ended
    meanwhile, and a state from before that must not begin it again.
    """

    missing: set[Name] = field(default_factory=set)
    before: Set[Name] = frozenset()
    twice: Set[str] = frozenset()  # rules whose alerts come by two routes
    strayed: Set[str] = frozenset()  # other receivers that have alarms of the desk's tickets


def held_now(database: Database) -> dict[Name, Held]:
    """Return what the desk holds as firing."""
    with database.read() as connection:
        return stored_alarms.firing(connection) | planned_store.firing(connection)


def reconcile(  # noqa: PLR0913, PLR0917 - what the desk knows, and what it is compared with
    database: Database,
    states: Sequence[State],
    policy: Policy,
    now: datetime,
    memory: Memory,
    correlator: Correlator | None = None,
) -> Counter[str]:
    """Repair; return what was repaired, by verdict."""
    held = held_now(database)
    # What waits for its cause is known; it is decided about by itself.
    waits = _waiting(database)
    listed = list(_problems(states, policy))
    active = [problem for problem in gathered(listed, homes(listed, held)) if problem.key not in waits]
    there = set().union(*(_there(state) for state in states))
    repairs = unknown(active, held.keys() | memory.before)
    updates = retold(active, held)
    missing: set[Name] = set()
    if any(_settled(state, policy, now) for state in states):
        missing = {name for name in held if name[1] not in OWN and name[1] not in there}
        repairs += ended([held[name] for name in missing & memory.missing], now)
    memory.missing = missing
    twice = routed_twice(listed)
    if twice - memory.twice:
        log.warning(
            "two routes of Alertmanager bring the same alerts in different groups; each stays in the ticket that had "
            'it first; let one route lead to this desk (see "continue" and "group_by")',
            extra={"rules": sorted(twice)[:20]},
        )
    memory.twice = twice
    memory.strayed = _tell_of_strayed(states, held, memory.strayed)
    done: Counter[str] = Counter()
    if updates:
        ingest_problems(database, updates, policy, now, correlator=correlator)
    if repairs:
        done = ingest_problems(database, repairs, policy, now, correlator=correlator).outcomes
    # An alarm that opens no ticket, or one that an engineer closed, is no disagreement.
    return Counter({name: done[name] for name in (Verdict.NEW, Verdict.REOPENED, Verdict.RECOVERED) if done[name]})


def _waiting(database: Database) -> set[str]:
    with database.read() as connection:
        return waiting_keys(connection)


def _problems(states: Iterable[State], policy: Policy) -> Iterable[Problem]:
    for state in states:
        for group in state.groups:
            if not group.active:
                continue
            yield from problems(Notification(group.labels, {}, group.active), policy)


def routed_twice(listed: Iterable[Problem]) -> Set[str]:
    """Return the rules of which the same alert is in groups that are different problems."""
    keys: dict[str, str] = {}
    return {
        alert.labels.get("alertname", "")
        for problem in listed
        for alert in problem.alerts
        if keys.setdefault(alert.fingerprint, problem.key) != problem.key
    }


def homes(listed: Iterable[Problem], held: Mapping[Name, Held]) -> Mapping[Name, Home]:
    """Return the alerts that the desk holds as firing under another problem than their group, and under which."""
    known = {each.fingerprint: Home(each.problem_key, each.group) for each in held.values()}
    names = ((problem.key, alert.fingerprint) for problem in listed for alert in problem.alerts)
    return {name: known[name[1]] for name in names if name not in held and name[1] in known}


def _there(state: State) -> Set[str]:
    """Return the fingerprints that an Alertmanager has, in whatever group and for whatever receiver."""
    own = (alert.fingerprint for group in state.groups for alert in (*group.active, *group.suppressed))
    return {*own, *state.elsewhere}


def _tell_of_strayed(states: Sequence[State], held: Mapping[Name, Held], before: Set[str]) -> Set[str]:
    """Say which receivers have alarms of the desk's tickets that its own receiver no longer gets; return those."""
    known = {each.fingerprint for each in held.values()}
    strayed = {receiver for state in states for name, receiver in state.elsewhere.items() if name in known}
    if strayed - before:
        log.warning(
            "alarms of open tickets go to other receivers of Alertmanager, whose list alone tells of their end; "
            'correct the routes, or "receiver" in the settings',
            extra={"receivers": sorted(strayed)[:20]},
        )
    return strayed


def _settled(state: State, policy: Policy, now: datetime) -> bool:
    return state.running_since is not None and now - state.running_since >= timedelta(seconds=policy.settled)


def unknown(active: Iterable[Problem], held: Set[Name]) -> list[Problem]:
    """Return the problems with an alert that the desk does not hold as firing; two Alertmanagers' are one."""
    result: dict[str, Problem] = {}
    for problem in active:
        fresh = [alert for alert in problem.alerts if (problem.key, alert.fingerprint) not in held]
        if not fresh:
            continue
        merged = result.setdefault(problem.key, Problem(problem.key, problem.labels))
        known = {alert.fingerprint for alert in merged.alerts}
        merged.alerts += [alert for alert in fresh if alert.fingerprint not in known]
    return [result[key] for key in sorted(result)]


def retold(active: Iterable[Problem], held: Mapping[Name, Held]) -> list[Problem]:
    """Return the problems with alerts that the desk holds with other texts than every Alertmanager has."""
    told: dict[Name, tuple[Problem, list[Alert]]] = {}
    for problem in active:
        for alert in problem.alerts:
            told.setdefault((problem.key, alert.fingerprint), (problem, []))[1].append(alert)
    result: dict[str, Problem] = {}
    for name, (problem, alerts) in sorted(told.items(), key=lambda each: each[0]):
        known = held.get(name)
        if known is None or known.annotations is None or any(each.annotations == known.annotations for each in alerts):
            continue
        alert = replace(alerts[0], starts_at=known.starts_at)  # the one that is held, whatever the list says
        result.setdefault(problem.key, Problem(problem.key, problem.labels)).alerts.append(alert)
    return [result[key] for key in sorted(result)]


def ended(gone: Iterable[Held], now: datetime) -> list[Problem]:
    """Return the problems whose occurrences ended unheard."""
    result: dict[str, Problem] = {}
    for each in gone:
        alert = Alert(each.fingerprint, False, each.labels, {}, each.starts_at, now)  # noqa: FBT003 - the alert's own field
        result.setdefault(each.problem_key, Problem(each.problem_key, each.group)).alerts.append(alert)
    return [result[key] for key in sorted(result)]
