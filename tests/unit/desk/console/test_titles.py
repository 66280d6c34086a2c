"""Titles that nobody can see or that turn the text around them: of alarms, and of tickets that other systems open."""

import pytest

from alerts.desk.core.one_line import one_line
from tests.unit.desk.console_desk import Hall

TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
FRESH = {"@type": "TroubleTicket", "description": "\n \u200b\n second line", "severity": "minor", "ticketType": "fault"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\n b\t c", "a b c"),
        ("exe\u202egpj.1\u202c", "exegpj.1"),
        ("\u2067abc\u2069", "abc"),
        (" \u200b\u2060 ", ""),
        ("", ""),
        ("Қазақстан 🚨 \u05d0\u05d1", "Қазақстан 🚨 \u05d0\u05d1"),  # letters written from right to left stay
    ],
)
def test_a_title_is_one_line_that_reads_as_it_is_written(text: str, line: str) -> None:
    assert one_line(text) == line


def test_an_alarm_without_a_title_to_see_has_that_of_its_labels(control_room: Hall) -> None:
    control_room.alarm(node="edge-1", title="\u200b\u202e")
    assert "NodeDown edge-1" in control_room.person().get("/").text


def test_another_system_has_to_give_a_title_that_can_be_seen(control_room: Hall) -> None:
    machine = control_room.machine
    for blank in ("  ", "\u200b", "\u202e"):
        refused = machine.post(TICKETS, json=FRESH | {"name": blank})
        assert (refused.status_code, "name has no character that can be seen" in refused.text) == (400, True)
    assert machine.post(TICKETS, json=FRESH).json()["name"] == "second line"
    assert machine.post(TICKETS, json=FRESH | {"name": "card\n\u202e7"}).json()["name"] == "card 7"
    changed = machine.patch(f"{TICKETS}/1", json={"name": "\u200b"})
    assert (changed.status_code, "name has no character" in changed.text) == (400, True)
    noted = machine.patch(f"{TICKETS}/1", json={"note": [{"text": "\u200b"}]})
    assert (noted.status_code, "the note is empty" in noted.text) == (400, True)
