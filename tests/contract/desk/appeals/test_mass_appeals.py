"""A mass of appeals in the database: proposed, linked at once, undone at once."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.desk.appeals import linking, mass_members, mass_store
from alerts.desk.appeals.mass import Cell
from alerts.desk.appeals.mass_store import Proposal
from alerts.desk.appeals.states import Status
from alerts.desk.core.database import Database
from tests.contract.desk.appeals.appeals_desk import ALMATY, Bureau, rules

CELL = Cell("playback", "Astana", "ott")


@pytest.fixture
def bureau(quick: Database) -> Bureau:
    return Bureau(quick, rules())


def proposals(bureau: Bureau) -> list[Proposal]:
    with bureau.database.read() as connection:
        usual = mass_store.usual(connection, ALMATY, bureau.now)
        return mass_store.proposals(connection, bureau.rules, usual, bureau.now)


def callers(bureau: Bureau, number: int, **changes: Any) -> list[int]:
    return [bureau.registered(number=f"870123456{place:02}", **changes) for place in range(number)]


def test_a_mass_is_proposed_linked_and_undone(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (linking, mass_members):
        monkeypatch.setattr(module, "BATCH", 4)
    numbers = callers(bureau, 10)
    bureau.pass_(minutes=1)
    incident, other = bureau.incident(), bureau.incident("other", service="iptv")
    (found,) = proposals(bureau)
    assert (found.mass.cell, found.mass.customers, list(found.appeals)) == (CELL, 10, numbers)
    assert [each.id for each in found.tickets] == [incident]
    # Nothing across services, whoever asks for it.
    assert mass_members.link_all(bureau.database, bureau.rules, CELL, other, "Dana", bureau.now) == 0
    assert mass_members.link_all(bureau.database, bureau.rules, CELL, incident, "Dana", bureau.now) == 10
    assert {(bureau.appeal(number).status, bureau.appeal(number).request_due) for number in numbers} == {
        ("held", False)
    }
    assert proposals(bureau) == []
    with bureau.database.read() as connection:
        assert linking.callers(connection, [incident]) == {incident: 10}
    assert linking.undo_all(bureau.database, bureau.rules, incident, "Dana", bureau.now) == 10
    assert {(bureau.appeal(number).status, bureau.appeal(number).request_due) for number in numbers} == {
        (Status.IN_PROGRESS, True)
    }
    assert len(proposals(bureau)) == 1


def test_one_customer_and_scattered_calls_are_no_mass(bureau: Bureau) -> None:
    bureau.registered()
    for _ in range(30):
        bureau.say()
    callers(bureau, 3, region="Almaty")
    callers(bureau, 3, code="04")
    assert proposals(bureau) == []


def test_what_is_usual_at_this_hour_is_no_mass(bureau: Bureau) -> None:
    """A cell that has bursts of four at this hour needs more than ten customers."""
    now = bureau.now
    for days in (7, 14, 21, 28, 35, 42, 49):
        for quarter in range(4):
            bureau.now = now - timedelta(days=days) + timedelta(minutes=15 * quarter)
            for place in range(4):
                bureau.registered(number=f"8701{days:02}{quarter}{place}000", answer="Restart it")
    bureau.now = now
    callers(bureau, 10)
    with bureau.database.read() as connection:
        usual = mass_store.usual(connection, ALMATY, now)
    # 112 customers in the 140 windows of this hour on the working days since the first appeal, seven weeks ago.
    assert usual[CELL].mean == pytest.approx(112 / 140, rel=0.1)
    assert usual[CELL].dispersion < 1
    assert proposals(bureau) == []
    # At another hour the same ten are a mass.
    with bureau.database.read() as connection:
        quiet = mass_store.usual(connection, ALMATY, now + timedelta(hours=3))
        assert len(mass_store.proposals(connection, bureau.rules, quiet, now)) == 1
