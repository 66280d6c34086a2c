"""Logging in from a browser that has several tabs."""

import httpx

from alerts.desk.access import accounts
from alerts.desk.access.roles import Principal
from alerts.desk.access.trail import By
from tests.unit.desk.console_desk import NOON, Caller, Hall, csrf

NEW = "correct horse battery"


def test_each_of_several_tabs_can_log_in(control_room: Hall) -> None:
    """A browser that opens yesterday's tabs again shows the form in all of them."""
    accounts.create(control_room.runtime.database, By("tests"), Principal("Dana", "engineer", "en"), NEW, NOON)
    browser = Caller(control_room.machine.app)
    first, second, third = (csrf(browser.get(f"/login?next={page}").text) for page in ("/map", "/works", "/"))

    def log_in(key: str, page: str, password: str = NEW) -> httpx.Response:
        return browser.post("/login", data={"csrf": key, "name": "Dana", "password": password, "next": page})

    assert log_in(second, "/works", "wrong").status_code == 403
    assert log_in(first, "/map").url.path == "/map"
    # The others go on as who has logged in, by their form or by a reload; guessed keys log in nobody.
    assert log_in(second, "/works", "never looked at").url.path == "/works"
    assert browser.get("/login?next=/wall").url.path == "/wall"
    assert browser.get("/login?next=https://evil.example/").url.path == "/"
    stranger = Caller(control_room.machine.app)
    refused = stranger.post("/login", data={"csrf": third, "name": "Dana", "password": NEW, "next": "/map"})
    assert (refused.status_code, refused.url.path) == (403, "/login")
    assert "The form was too old" in refused.text
    again = {"csrf": csrf(refused.text), "name": "Dana", "password": NEW, "next": "/map"}
    assert stranger.post("/login", data=again).url.path == "/map"


def test_a_form_key_that_is_none_is_not_kept(control_room: Hall) -> None:
    browser = Caller(control_room.machine.app, cookies={"ottwatch_form": "short"})
    assert len(csrf(browser.get("/login").text)) == 43
