"""A button that is pressed twice: browsers send the form twice, and show the second answer."""

import re
from datetime import timedelta

from tests.unit.desk.console.test_works import FORM, works
from tests.unit.desk.console_desk import Caller, Hall, csrf

NOTE = "Card replaced\r\nlink is up"


def note(person: Caller, text: str = NOTE) -> None:
    page = person.get("/ticket/1").text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    sent = {"csrf": csrf(page), "version": version[1], "text": text}
    assert person.post("/ticket/1/note", data=sent).status_code == 200


def notes(person: Caller) -> int:
    return person.get("/ticket/1").text.count("Card replaced")


def test_a_note_is_written_once(control_room: Hall) -> None:
    control_room.alarm(node="edge-1")
    engineer, colleague = control_room.person(), control_room.person()
    note(engineer)
    control_room.now += timedelta(seconds=1)
    note(engineer)
    note(engineer, f"  {NOTE}\r\n")
    assert notes(engineer) == 1
    note(colleague)  # says the same for themselves
    note(engineer, f"{NOTE}!")
    assert notes(engineer) == 3
    control_room.now += timedelta(minutes=2)
    note(engineer)  # and means it
    assert notes(engineer) == 4


def test_works_are_planned_once(control_room: Hall) -> None:
    engineer = control_room.person()
    key = csrf(engineer.get("/works/new").text)
    plan = FORM | {"csrf": key, "impact": "two lines\r\nof text", "added": "2026-03-05T12:00"}
    first, second = (engineer.post("/works", data=plan).url.path for _ in range(2))
    assert (first, second, len(works(control_room))) == ("/works/1", "/works/1", 1)
    other = engineer.post("/works", data=plan | {"ends": "2026-03-01T15:00"})
    assert (other.url.path, len(works(control_room))) == ("/works/2", 2)
    # What was cancelled may be planned again.
    page = engineer.get("/works/1").text
    version = re.search(r'name="version" value="(\w+)"', page)
    assert version
    engineer.post("/works/1/cancel", data={"csrf": csrf(page), "version": version[1]})
    assert engineer.post("/works", data=plan).url.path == "/works/3"
