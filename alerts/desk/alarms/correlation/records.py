"""What correlation keeps, as typed records of its rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from alerts.desk.alarms.correlation.common import Kin
from alerts.desk.alarms.webhook import Alert
from alerts.desk.core.kept_json import from_json
from alerts.desk.core.record import Column, Record
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.policy import priority_of


class Correlated(Record):
    """A ticket with a layer by the columns of the table `correlated`, which says what they mean."""

    __slots__ = ()

    ticket_id = Column[int]()
    labels = Column[Mapping[str, str]]()
    place = Column[str]()
    began = Column[datetime]()
    cause_id = Column[int | None]()
    why = Column[Mapping[str, str]]()
    fixed = Column[bool]()

    @property
    def kin(self) -> Kin | None:
        """Return what the alarms of an inferred cause have in common."""
        stored = self.value("kin")
        return None if stored is None else from_json(stored, Kin)


class CorrelatedTicket(Correlated):
    """A ticket with a layer, with columns of the ticket."""

    __slots__ = ()

    problem_key = Column[str]()
    opened_at = Column[datetime]()
    status = Column[str]()
    ended_at = Column[datetime]()  # when its alarms ended, or its state last changed


class Effect(AlarmRecord):
    """An occurrence of an alarm that another ticket explains."""

    __slots__ = ()

    root = Column[int]()  # the ticket that stands for itself


class Firing(AlarmRecord):
    """An occurrence that fires, with its ticket's problem and what correlation keeps of the ticket."""

    __slots__ = ()

    root = Column[int]()  # the ticket that stands for itself
    own_key = Column[str]()
    fixed = Column[bool]()

    @property
    def own(self) -> bool:
        """Return whether it is of the problem that its ticket was opened for."""
        return self.problem_key == self.own_key


Occurrence = TypeVar("Occurrence", bound=AlarmRecord)


def by_problem(found: Iterable[Occurrence]) -> list[list[Occurrence]]:
    """Return occurrences by ticket and problem, in the order in which the first of each came."""
    result: dict[tuple[int, str], list[Occurrence]] = {}
    for each in found:
        result.setdefault((each.ticket_id, each.problem_key), []).append(each)
    return list(result.values())


def worst_of(found: Sequence[Occurrence]) -> Occurrence:
    """Return the most urgent occurrence, the earliest of them."""
    return min(found, key=lambda each: (priority_of(each.labels), each.starts_at))


class Waiting(Record):
    """A problem that waits for its cause to be known, by the columns of the table `waiting`."""

    __slots__ = ()

    problem_key = Column[str]()
    labels = Column[Mapping[str, str]]()
    annotations = Column[Mapping[str, str]]()
    since = Column[datetime]()

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Return the alerts that are to be recorded then."""
        return from_json(self.value("alerts"), tuple[Alert, ...])
