"""A notification becomes tickets: one transaction, a handful of bulk statements, whatever its size.

The answer to Alertmanager follows the commit. What an alert means is decided by `judging`, which tickets have one cause
by `correlation`; this module reads what they need and writes what they changed.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from alerts.desk.alarms import heartbeats, planned, planned_store
from alerts.desk.alarms import store as stored_alarms
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.datasource import with_reasons
from alerts.desk.alarms.gather import Fresh, gather, layered
from alerts.desk.alarms.judging import judge
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.outcome import Verdict
from alerts.desk.alarms.problem import labels_of_problem, problem_key
from alerts.desk.alarms.staying import with_their_problems
from alerts.desk.alarms.webhook import Notification
from alerts.desk.alarms.work import Work
from alerts.desk.core.annotations import unreadable_figures
from alerts.desk.core.database import Database, lost_race
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.policy import Policy

log = logging.getLogger("desk.webhook")
T = TypeVar("T")
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a notification did."""

    outcomes: Counter[str]
    opened: int = 0
    unreadable: int = 0  # marked figures in texts that could not be read


def ingest(
    database: Database, notification: Notification, policy: Policy, now: datetime, correlator: Correlator | None = None
) -> Ingested:
    """Store a notification."""
    signs = sum(each.firing for each in notification.alerts if each.labels.get("alertname") == policy.watchdog)
    done = ingest_problems(database, problems(notification, policy), policy, now, signs=signs, correlator=correlator)
    if notification.truncated:
        done.outcomes[Verdict.TRUNCATED] += notification.truncated
        extra = {"alerts": notification.truncated, "group": dict(notification.group_labels)}
        log.warning("Alertmanager left alerts out; set max_alerts of the receiver to 0", extra=extra)
    return replace(done, unreadable=_unreadable(notification))


def _unreadable(notification: Notification) -> int:
    """Say which rules mark figures that cannot be read; return how many figures there are."""
    found = Counter(
        (alert.labels.get("alertname", ""), figure)
        for alert in notification.alerts
        if alert.firing
        for figure in unreadable_figures(alert.annotations)
    )
    if found:
        rule, figure = min(found)
        extra = {"rule": rule, "figure": figure, "figures": found.total()}
        log.warning(
            "a figure in the text of an alert cannot be read; see Figures in texts, docs/alerts.md", extra=extra
        )
    return found.total()


def ingest_problems(  # noqa: PLR0913 - what a transaction needs of its surroundings
    database: Database,
    found: list[Problem],
    policy: Policy,
    now: datetime,
    *,
    signs: int = 0,
    correlator: Correlator | None = None,
) -> Ingested:
    """Store problems and signs of life; when another desk opened the same problem just now, look again."""
    return tried_again(lambda: _ingest(database, found, policy, now, signs, correlator))


def tried_again(transaction: Callable[[], T]) -> T:
    """Run a transaction; when another desk was faster, run it again."""
    for _ in range(ATTEMPTS - 1):
        try:
            return transaction()
        except tickets.OpenedElsewhereError:
            continue
        except DBAPIError as error:
            if not lost_race(error):
                raise
    return transaction()


def problems(notification: Notification, policy: Policy) -> list[Problem]:
    """Return the notification's problems in a stable order, so that two desks lock tickets in the same order."""
    result: dict[str, Problem] = {}
    for alert in notification.alerts:
        if alert.labels.get("alertname") == policy.watchdog:
            continue
        labels = labels_of_problem(notification.group_labels, alert.labels, policy.one_ticket_per, policy.separate)
        key = problem_key(labels)
        problem = result.setdefault(
            key, Problem(key, labels, annotations=notification.common_annotations, truncated=notification.truncated)
        )
        problem.alerts.append(alert)
    return [result[key] for key in sorted(result)]


def _ingest(  # noqa: PLR0913, PLR0917 - the transaction of `ingest_problems`
    database: Database,
    found: list[Problem],
    policy: Policy,
    now: datetime,
    signs: int,
    correlator: Correlator | None,
) -> Ingested:
    outcomes: Counter[str] = Counter()
    with database.write() as connection:
        if signs:
            heartbeats.beat(connection, policy.watchdog, now)
            outcomes[Verdict.WATCHDOG] += signs
        staying = with_their_problems(connection, found)
        left = planned.withhold(connection, staying, now, policy.late)
        withheld = _count(staying) - _count(left)
        if withheld:
            outcomes[Verdict.WORKS] += withheld
        opened = _store(connection, left, policy, now, outcomes, correlator) if left else 0
    return Ingested(outcomes, opened)


def end_works(database: Database, policy: Policy, now: datetime, correlator: Correlator | None = None) -> Ingested:
    """Open tickets for alarms that fire though the planned works that they belonged to are over."""
    with database.read() as connection:
        if not planned_store.firing(connection):
            return Ingested(Counter())
    return tried_again(lambda: _end_works(database, policy, now, correlator))


def _end_works(database: Database, policy: Policy, now: datetime, correlator: Correlator | None) -> Ingested:
    outcomes: Counter[str] = Counter()
    with database.write() as connection:
        found = planned.release(connection, now)
        opened = _store(connection, found, policy, now, outcomes, correlator) if found else 0
    return Ingested(outcomes, opened)


def _count(found: Sequence[Problem]) -> int:
    return sum(len(problem.alerts) for problem in found)


def _store(  # noqa: PLR0913, PLR0917 - the transaction of `ingest_problems`
    connection: Connection,
    found: list[Problem],
    policy: Policy,
    now: datetime,
    outcomes: Counter[str],
    correlator: Correlator | None,
) -> int:
    found = with_reasons(connection, found)
    work = Work(connection, policy, now)
    work.lock([each.key for each in found])
    if correlator is not None:
        work.lock_hosts([each.key for each in found if layered(each)])
    known = stored_alarms.latest(connection, found, work.locked)
    # By problem: a new occurrence takes the place of the one that it ends.
    stored = [(key, each) for (key, _), each in known.items()]
    fresh: list[Fresh] = []
    for problem in found:
        place = work.place_of(problem.key)
        judged = judge(problem, known, policy, now, outcomes, has_ticket=place is not None)
        if place is not None:
            work.tell(problem, judged, place)
        elif judged.fresh and correlator is not None and layered(problem):
            fresh.append(Fresh(problem, judged))
        elif judged.fresh:
            work.open(problem, judged)
    if fresh and correlator is not None:
        gather(work, correlator, fresh)
    work.save()
    changed = [(key, each) for key, each in stored if each.changed]
    stored_alarms.update(connection, [each for _, each in changed])
    # No effect is told of in a title: a storm of them would have all others of the ticket read again and again.
    work.describe(
        [
            each.ticket_id
            for key, each in changed
            if each.ticket_id is not None and each.in_open_ticket and not work.has_as_effect(key)
        ]
    )
    return len(work.opening)
