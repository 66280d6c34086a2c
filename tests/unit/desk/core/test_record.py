"""A record reads and changes a row by typed attributes."""

import pytest
from sqlalchemy import Table

from alerts.desk.access.records import Account, Audited, Token
from alerts.desk.alarms.correlation.records import Correlated, Waiting
from alerts.desk.alarms.planned_record import PlannedRecord
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.free_month import FreeMonth
from alerts.desk.appeals.interaction import Interaction
from alerts.desk.appeals.link import Link
from alerts.desk.appeals.mail.message import Message as Mail
from alerts.desk.appeals.mass_record import MassAnswer, MassRecord
from alerts.desk.billing.records import CaseEvent, CaseRecord, CountRecord, ScopeRecord
from alerts.desk.core import appeal_tables, billing_tables, tables
from alerts.desk.core.record import Changed, Column, Record
from alerts.desk.notify.listener import Listener
from alerts.desk.notify.message import Message
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.works.record import WorksRecord


class Disk(Record):
    __slots__ = ()

    device = Column[str]()
    used = Column[float]()


class ChangedDisk(Changed, Disk):
    __slots__ = ()


def test_a_column_that_was_not_read_is_told_by_its_name() -> None:
    disk = Disk({"device": "sda"})
    assert disk.device == "sda"
    with pytest.raises(KeyError, match="used"):
        assert disk.used


def test_what_is_only_read_cannot_be_changed() -> None:
    disk = Disk({"device": "sda", "used": 0.5})
    with pytest.raises(AttributeError):
        disk.used = 0.6  # type: ignore[arg-type]
    assert disk.used == 0.5


def test_a_change_leaves_the_row_alone_and_shows_what_is_new() -> None:
    row = {"device": "sda", "used": 0.5}
    disk = ChangedDisk(row)
    disk.device, disk.used = "sda", 0.6
    assert (disk.used, disk.changes, disk.row["used"], row["used"]) == (0.6, {"used": 0.6}, 0.5, 0.5)
    disk.used = 0.5
    assert disk.used == 0.5


@pytest.mark.parametrize(
    ("record", "table", "otherwise"),
    [
        (Ticket, tables.ticket, {"status", "deadlines", "impact"}),
        (AlarmRecord, tables.alarm, set()),
        (Message, tables.outbox, {"told"}),
        (Listener, tables.hub, set()),
        (Account, tables.account, set()),
        (Token, tables.token, set()),
        (Audited, tables.audit, set()),
        (Appeal, appeal_tables.appeal, {"status", "terms"}),
        (Interaction, appeal_tables.interaction, set()),
        (Link, appeal_tables.appeal_link, set()),
        (MassRecord, appeal_tables.appeal_mass, set()),
        (MassAnswer, appeal_tables.appeal_answer, set()),
        (FreeMonth, appeal_tables.compensation, set()),
        (WorksRecord, tables.works, set()),
        (PlannedRecord, tables.works_alarm, set()),
        (CaseRecord, billing_tables.billing_case, {"figures"}),
        (ScopeRecord, billing_tables.billing_scope, {"scope"}),
        (CountRecord, billing_tables.billing_count, {"stages"}),
        (CaseEvent, billing_tables.billing_event, set()),
        (Correlated, tables.correlated, {"kin"}),
        (Waiting, tables.waiting, {"alerts"}),
        (Mail, appeal_tables.appeal_mail, set()),
    ],
)
def test_a_record_has_every_column_of_its_table(record: type[Record], table: Table, otherwise: set[str]) -> None:
    named = {name for name, value in vars(record).items() if isinstance(value, Column)}
    assert named ^ otherwise == {column.name for column in table.columns}
