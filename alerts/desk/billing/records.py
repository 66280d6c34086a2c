"""Billing cases and what is kept with them, as typed records of their rows."""

from collections.abc import Mapping
from datetime import datetime

from alerts.desk.billing.figures import Counts, KeptFigures, Scope
from alerts.desk.core.kept_json import from_json
from alerts.desk.core.record import Column, Record


class CaseRecord(Record):
    """A case by the columns of the table `billing_case`, which says what they mean."""

    __slots__ = ()

    id = Column[int]()
    version = Column[int]()
    ticket_id = Column[int]()
    service = Column[str]()
    kind = Column[str]()
    state = Column[str]()
    reference = Column[str]()
    key = Column[str]()
    opened_at = Column[datetime]()
    since = Column[datetime | None]()
    contained_at = Column[datetime | None]()
    counted_at = Column[datetime | None]()
    waived = Column[Mapping[str, str]]()
    compensation = Column[Mapping[str, object] | None]()
    zero_since = Column[datetime | None]()
    clean = Column[bool]()
    closed_at = Column[datetime | None]()

    @property
    def figures(self) -> KeptFigures:
        """Return what was counted last."""
        return from_json(self.value("figures"), KeptFigures)


class ScopeRecord(Record):
    """A version of a case's scope by the columns of the table `billing_scope`."""

    __slots__ = ()

    id = Column[int]()
    case_id = Column[int]()
    version = Column[int]()
    at = Column[datetime]()
    final = Column[bool]()

    @property
    def scope(self) -> Scope:
        """Return what the fault concerned."""
        return from_json(self.value("scope"), Scope)


class CountRecord(Record):
    """How far the stages of a case were, by the columns of the table `billing_count`."""

    __slots__ = ()

    id = Column[int]()
    case_id = Column[int]()
    at = Column[datetime]()

    @property
    def stages(self) -> Mapping[str, Counts]:
        """Return the stages by name."""
        return from_json(self.value("stages"), dict[str, Counts])


class CaseEvent(Record):
    """A line of a case's log by the columns of the table `billing_event`."""

    __slots__ = ()

    id = Column[int]()
    case_id = Column[int]()
    at = Column[datetime]()
    actor = Column[str]()
    kind = Column[str]()
    data = Column[Mapping[str, object]]()
