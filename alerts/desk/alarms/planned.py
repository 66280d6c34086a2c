"""Which alerts belong to planned works: they are recorded with them and open no ticket.

An alarm belongs to works that it is in the scope of and that it began in a window of, as long as that window runs. One
that has an open ticket stays with it. What still fires when the window ends, or when the works are cancelled, opens a
ticket then. An alarm outside every scope opens its ticket at once, which names the works that run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from alerts.desk.alarms import outcome, planned_store
from alerts.desk.alarms.correlation import store as correlation
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.planned_store import Kept, Name
from alerts.desk.alarms.webhook import Alert
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.events import NoteAdded
from alerts.desk.tickets.policy import wants_ticket
from alerts.desk.works import store as stored_works
from alerts.desk.works.windows import covering, window_at
from alerts.desk.works.works import Works

MOST_TITLES = 5


def withhold(connection: Connection, found: Sequence[Problem], now: datetime, late: float) -> list[Problem]:
    """Record what belongs to works; return the problems with the alerts that are left for tickets."""
    all_works = stored_works.relevant(connection, now) if found else []
    if not all_works:
        return list(found)
    withholding = _Withholding(connection, found, all_works, now, late)
    result = []
    for problem in found:
        alerts = [alert for alert in problem.alerts if not withholding.takes(problem, alert)]
        if alerts:
            result.append(replace(problem, alerts=alerts))
    planned_store.save(connection, withholding.changed)
    return result


def release(connection: Connection, now: datetime) -> list[Problem]:
    """Return the problems whose works are over though their alarms still fire; they are the works' no longer."""
    withheld = planned_store.unreleased(connection)
    if not withheld:
        return []
    all_works = stored_works.relevant(connection, now)
    by_number = {works.number: works for works in all_works}
    result: dict[str, Problem] = {}
    released = []
    for kept in withheld:
        occurrence = kept.occurrence
        if covering(all_works, dict(occurrence.labels), occurrence.starts_at, now) is not None:
            continue
        works = by_number.get(kept.works) or stored_works.find(connection, kept.works)
        title = works.title if works else ""
        problem = result.setdefault(kept.problem.key, replace(kept.problem, alerts=[], outlived=title))
        problem.alerts.append(
            Alert(
                occurrence.fingerprint,
                firing=True,
                labels=occurrence.labels,
                annotations=occurrence.annotations,
                starts_at=occurrence.starts_at,
                ends_at=None,
                generator_url=occurrence.generator_url,
            )
        )
        kept.released_at = now
        released.append(kept)
    planned_store.save(connection, released)
    return [result[key] for key in sorted(result)]


def running(connection: Connection, now: datetime) -> list[str]:
    """Return the titles of the planned works that run."""
    all_works = stored_works.relevant(connection, now)
    return [works.title for works in all_works if works.in_force and window_at(works, now) is not None]


def remark(problem: Problem, titles: Sequence[str]) -> NoteAdded | None:
    """Return the note on planned works for a new ticket: those that its alarms outlived, else those that run."""
    if problem.outlived:
        return _note(
            f"Planned works are over, but the alarm goes on: {problem.outlived}",
            f"Плановые работы окончены, авария не устранена: {problem.outlived}",
        )
    if not titles:
        return None
    shown = ", ".join(titles[:MOST_TITLES]) + (f" +{len(titles) - MOST_TITLES}" if len(titles) > MOST_TITLES else "")
    return _note(f"Planned works are running: {shown}", f"Ведутся плановые работы: {shown}")


def _note(english: str, russian: str) -> NoteAdded:
    return NoteAdded(english, {"en": english, "ru": russian})


class _Withholding:
    """What one notification's alerts are to the works."""

    def __init__(
        self, connection: Connection, found: Sequence[Problem], all_works: Sequence[Works], now: datetime, late: float
    ) -> None:
        self._works, self._now, self._late = all_works, now, late
        self._known: dict[Name, Kept] = planned_store.latest(connection, found)
        keys = [problem.key for problem in found]
        # The problems that have a ticket, are another ticket's alarms, or wait for their cause to be known.
        self._with_ticket = {
            *(draft.problem_key for draft in tickets.lock_open(connection, keys)),
            *correlation.hosts(connection, keys),
            *(each.problem_key for each in correlation.all_waiting(connection, keys)),
        }
        self._changed: dict[int, Kept] = {}

    @property
    def changed(self) -> Iterable[Kept]:
        """Return what is to be stored, each once and in the order in which it came."""
        return self._changed.values()

    def takes(self, problem: Problem, alert: Alert) -> bool:
        """Record an alert that belongs to works; return whether it does."""
        name = problem.key, alert.fingerprint
        known = self._known.get(name)
        if problem.key in self._with_ticket:
            self._let_go(known)
            return False
        if known is not None and known.released_at is not None:
            if not _later(alert, known):
                return False  # the ticket's, whatever became of it
            known = None
        works = self._works_of(known, alert)
        if works is None:
            if alert.firing:
                self._let_go(known)
            return False
        before = known.occurrence if known else None
        verdict = outcome.judge(before, alert, self._now, self._late)
        fresh = outcome.apply(before, verdict, alert, self._now)
        if known is not None and known.occurrence.changed:
            self._changed[id(known)] = known
        for occurrence in fresh:
            self._known[name] = kept = Kept(works, replace(problem, alerts=[]), occurrence)
            self._changed[id(kept)] = kept
        return True

    def _works_of(self, known: Kept | None, alert: Alert) -> int | None:
        """Return the number of the works that an alert belongs to."""
        if alert.firing:
            continues = known is not None and known.fires and not _later(alert, known)
            began = known.occurrence.starts_at if known is not None and continues else alert.starts_at or self._now
            works = covering(self._works, dict(alert.labels), began, self._now) if wants_ticket(alert.labels) else None
            return works.number if works else None
        if known is not None and not _later(alert, known):
            return known.works
        if alert.starts_at is None or not wants_ticket(alert.labels):
            return None
        # Its beginning was never heard of: it belongs to the works if it was over before their window was.
        ended = min(alert.ends_at or self._now, self._now)
        works = covering(self._works, dict(alert.labels), alert.starts_at, ended)
        return works.number if works else None

    def _let_go(self, known: Kept | None) -> None:
        if known is not None and known.fires:
            known.released_at = self._now
            self._changed[id(known)] = known


def _later(alert: Alert, known: Kept) -> bool:
    """Return whether an alert is about an occurrence after the known one."""
    end = known.occurrence.ends_at or known.occurrence.starts_at
    return alert.starts_at is not None and alert.starts_at > end
