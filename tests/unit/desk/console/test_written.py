"""What somebody wrote into a form that is refused: it is shown, whoever refuses the form and why."""

import html
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.unit.desk.console_desk import Caller, Hall, csrf, hall

WORDS = "Replaced <the> card\nand told the site"


def written(page: httpx.Response) -> str:
    found = re.search(r"<textarea rows=\"4\" readonly>(.*?)</textarea>", page.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def fields(person: Caller, address: str = "/ticket/1") -> dict[str, str]:
    text = person.get(address).text
    version = re.search(r'name="version" value="(\w*)"', text)
    return {"csrf": csrf(text), "version": version[1] if version else "", "text": WORDS.replace("\n", "\r\n")}


@pytest.fixture
def engineer(control_room: Hall) -> Caller:
    control_room.alarm(node="edge-1", title="edge-1 is silent")
    return control_room.person()


def test_a_ticket_that_changed_meanwhile(control_room: Hall, engineer: Caller) -> None:
    sent = fields(engineer)
    other = control_room.person()
    other.post("/ticket/1/take", data=fields(other))
    answer = engineer.post("/ticket/1/resolve", data=sent)
    assert (answer.status_code, written(answer)) == (409, WORDS)
    # Done at the second attempt, nothing is left to copy.
    again = engineer.post("/ticket/1/resolve", data=sent | {"version": fields(engineer)["version"]})
    assert (again.status_code, written(again)) == (200, "")


@pytest.mark.parametrize(
    ("path", "wrong", "status"),
    [
        ("/ticket/1/note", {"csrf": "of yesterday"}, 403),
        ("/ticket/1/note", {"text": WORDS * 1000}, 400),
        ("/ticket/1/priority", {"to": "P9"}, 400),
        ("/ticket/1/resolve", {"version": "none"}, 400),
        ("/ticket/77/note", {}, 404),
        ("/queue/act", {"do": "resolve"}, 400),
        ("/queue/act", {"do": "resolve", "pick": "1.99"}, 409),
    ],
)
def test_a_form_that_is_refused(engineer: Caller, path: str, wrong: dict[str, str], status: int) -> None:
    sent = fields(engineer) | wrong
    answer = engineer.post(path, data=sent)
    assert (answer.status_code, written(answer)) == (status, sent["text"].replace("\r\n", "\n"))


def test_a_session_that_ended_while_somebody_wrote(control_room: Hall, engineer: Caller) -> None:
    sent = fields(engineer)
    control_room.now += timedelta(days=2)
    engineer.headers["Referer"] = "http://desk/ticket/1?page=2"
    answer = engineer.post("/ticket/1/note", data=sent)
    assert (answer.status_code, written(answer)) == (403, WORDS)
    assert 'name="next" value="/ticket/1?page=2"' in answer.text
    assert "The session had ended" in answer.text
    # Without a text the login page alone is the answer, and leads back all the same.
    assert engineer.post("/ticket/1/take", data=sent | {"text": ""}).url.params["next"] == "/ticket/1?page=2"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({}, True),
        ({"Origin": "http://desk"}, True),
        ({"Origin": "https://desk.example.kz"}, True),  # as the proxy in front is called
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://noc.example.kz"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://desk"}, False),
    ],
)
def test_the_words_of_another_site_are_not_shown(tmp_path: Path, sent: dict[str, str], shown: bool) -> None:
    with hall(tmp_path, public_url="https://desk.example.kz") as room:
        stranger = Caller(room.machine.app, sent | {"Referer": "http://evil.example/ticket/5"})
        answer = stranger.post("/ticket/1/note", data={"text": WORDS, "csrf": "guessed"})
        assert written(answer) == (WORDS if shown else "")
        assert "evil" not in answer.text


def test_line_ends_count_as_browsers_count_them(control_room: Hall, engineer: Caller) -> None:
    """`maxlength` counts one character for a line end, which is sent as two."""
    lines = "\r\n".join("x" for _ in range(5000))
    answer = engineer.post("/ticket/1/note", data=fields(engineer) | {"text": lines})
    assert answer.status_code == 200
    told = engineer.get("/ticket/1").text
    assert "x\nx" in told
    assert "\r" not in told
