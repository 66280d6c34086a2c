"""The ticket's page offers what its state allows, tells the first action, and overwrites nobody's change."""

import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from alerts.desk.console.ticket.runbook import runbook
from alerts.desk.core.settings import Url
from alerts.desk.core.words import languages
from tests.conftest import ROOT
from tests.unit.desk.console_desk import Caller, Hall, csrf, hall

RUNBOOKS = sorted(path.stem for path in (ROOT / "alerts" / "runbooks").glob("*.md"))


def offered(page: httpx.Response) -> list[str]:
    return re.findall(r'data-key="Key(\w)"', page.text)


def do(reader: Caller, page: httpx.Response, path: str, **fields: str) -> httpx.Response:
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version
    return reader.post(f"/ticket/1/{path}", data={"csrf": csrf(page.text), "version": version[1]} | fields)


def state(page: httpx.Response) -> str:
    found = re.search(r'id="status">([^<]+)', page.text)
    assert found
    return found[1].strip()


def test_a_ticket_goes_through_its_whole_life_on_its_page(control_room: Hall) -> None:
    control_room.alarm()
    engineer = control_room.person()
    page = engineer.get("/ticket/1")
    assert offered(page) == list("TVRNPDX")
    page = do(engineer, page, "take")
    assert offered(page) == list("HWVRNPX")
    page = do(engineer, page, "move", to="pending", text="asked the site")
    assert (state(page), offered(page)) == ("pending (asked the site)", list("ENPX"))
    page = do(engineer, page, "move", to="inProgress")
    page = do(engineer, page, "move", to="held", text="a part is on its way")
    assert state(page) == "held (a part is on its way)"
    page = do(engineer, page, "move", to="inProgress")
    page = do(engineer, page, "hand-over", vendor="Edge Ltd")
    assert offered(page) == list("ABNPX")
    page = do(engineer, page, "accept", text="VN-77")
    assert "VN-77" in page.text
    page = do(engineer, page, "give-back")
    page = do(engineer, page, "priority", to="P2", text="a spare edge serves")
    assert "Priority P2: a spare edge serves" in page.text
    page = do(engineer, page, "resolve", text="changed the power supply")
    assert offered(page) == list("CON")
    page = do(engineer, page, "move", to="inProgress", text="it is back")
    page = do(engineer, page, "resolve", text="changed it again")
    page = do(engineer, page, "move", to="closed", text="agreed with the site")
    assert (state(page).split()[0], offered(page)) == ("closed", ["N"])


def test_a_form_that_saw_an_older_ticket_changes_nothing_and_shows_the_present_one(control_room: Hall) -> None:
    control_room.alarm()
    first, second = control_room.person(name="Aigerim"), control_room.person(name="Daniyar")
    page = first.get("/ticket/1")
    old = second.get("/ticket/1")
    do(first, page, "take")
    answer = do(second, old, "take")
    assert answer.status_code == 409
    assert "changed while you were looking at it" in answer.text
    assert "Aigerim" in answer.text
    # The language form of that page leads to the ticket, not to the address of the action.
    assert 'name="next" value="/ticket/1"' in answer.text
    assert do(second, answer, "take").status_code == 200


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("move", {"to": "held"}, 409),  # nobody took it
        ("move", {"to": "nonsense"}, 400),
        ("accept", {}, 400),
        ("hand-over", {"vendor": "Nobody"}, 400),
        ("note", {"text": "  "}, 400),
    ],
)
def test_what_cannot_be_done_is_said(control_room: Hall, path: str, fields: dict[str, str], status: int) -> None:
    control_room.alarm()
    engineer = control_room.person()
    answer = do(engineer, engineer.get("/ticket/1"), path, **fields)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


def test_a_resolved_ticket_is_not_resolved_once_more(control_room: Hall) -> None:
    control_room.alarm()
    engineer = control_room.person()
    page = do(engineer, engineer.get("/ticket/1"), "resolve", text="repaired")
    answer = do(engineer, page, "resolve", text="repaired again")
    assert answer.status_code == 409
    assert "repaired again" not in engineer.get("/ticket/1").text


def test_a_viewer_is_offered_nothing_and_may_do_nothing(control_room: Hall) -> None:
    control_room.alarm()
    viewer = control_room.person("viewer")
    page = viewer.get("/ticket/1")
    assert offered(page) == []
    answer = viewer.post("/ticket/1/take", data={"csrf": csrf(page.text), "version": "1"})
    assert answer.status_code == 403


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", RUNBOOKS)
def test_every_runbook_tells_what_viewers_notice_and_the_first_action(name: str, language: str) -> None:
    found = runbook(name, language)
    assert found
    assert len(found.opening) == 2
    assert found.rest


@pytest.mark.parametrize("name", ["../thresholds", "NoSuchAlert", "", "a/b"])
def test_an_alert_that_is_not_ours_has_no_runbook(name: str) -> None:
    assert runbook(name, "en") is None


def test_the_first_action_and_the_links_are_on_the_page(tmp_path: Path) -> None:
    places = {
        "alertmanagers": (Url("http://am:9093"),),
        "prometheus": Url("http://prom:9090"),
        "grafana": Url("http://g"),
    }
    with hall(tmp_path, **places) as room:
        room.alarm(node='edge "1"')
        page = room.person(language="ru").get("/ticket/1").text
    assert "Первое действие." in page
    assert "http://am:9093/#/alerts?filter=%7Balertname%3D%22NodeDown%22%2Cnode%3D%22edge%20%5C%221%5C%22%22" in page
    assert "http://prom:9090/graph?g0.expr=up+%3D%3D+0" in page
    assert "http://g/d/ott-node-ru?var-site=almaty" in page


@pytest.mark.parametrize(
    ("labels", "board"),
    [
        ({"component": "node"}, "ott-node-en?var-site=almaty&amp;var-node=edge-1&amp;from="),
        ({"component": "edge", "service": "ott"}, "ott-edge-en?var-site=almaty&amp;var-service=ott&amp;from="),
        ({"component": "stream", "channel": "news"}, "var-node=edge-1&amp;var-channel=news&amp;from="),
        ({"component": "capacity"}, 'ott-busy-hour-en"'),
        ({}, "ott-node-en?"),
    ],
)
def test_the_link_to_grafana_leads_to_the_board_of_what_is_broken(
    tmp_path: Path, labels: dict[str, str], board: str
) -> None:
    with hall(tmp_path, grafana=Url("http://g")) as room:
        room.alarm(**labels)
        assert board in room.person().get("/ticket/1").text


def test_the_timeline_names_alarms_and_reasons_in_the_readers_language(control_room: Hall) -> None:
    control_room.alarm(severity="minor", title="edge-1 is slow", title_ru="edge-1 отвечает медленно")
    control_room.now += timedelta(minutes=1)
    control_room.alarm(severity="critical", title="edge-1 is down", title_ru="edge-1 не отвечает")
    russian, english = control_room.person(language="ru"), control_room.person(language="en")
    story = russian.get("/ticket/1").text.split('<ol class="timeline">')[1]
    assert "Возникло: edge-1 не отвечает" in story
    assert "Приоритет P1: из-за серьёзности аварии" in story
    assert "edge-1 is" not in story
    assert "Started: edge-1 is down" in english.get("/ticket/1").text


def test_a_clock_that_stands_says_what_stops_it(control_room: Hall) -> None:
    control_room.alarm()
    engineer = control_room.person(language="ru")
    page = do(engineer, engineer.get("/ticket/1"), "take")
    page = do(engineer, page, "move", to="pending", text="ждём площадку")
    assert "на паузе: ожидает" in page.text


def test_markup_in_alarms_and_notes_is_text(control_room: Hall) -> None:
    control_room.alarm(title="<script>alert(1)</script>", evil="<b>x</b>")
    engineer = control_room.person()
    page = do(engineer, engineer.get("/ticket/1"), "note", text="<img src=x>")
    for text in (page.text, engineer.get("/").text):
        assert "<script>alert" not in text
        assert "<b>x" not in text
        assert "<img" not in text


@pytest.mark.parametrize(
    ("path", "fields", "why"),
    [
        ("note", {"text": " "}, "запись пуста"),
        ("hand-over", {"vendor": "Nobody"}, "вендора «Nobody» в настройках нет"),
        ("accept", {}, "билет сейчас не у вендора"),
        ("give-back", {}, "билет сейчас не у вендора"),
        ("priority", {"to": "P9", "text": "x"}, "есть P1, P2, P3, P4"),
        ("priority", {"to": "P2"}, "почему меняется приоритет"),
        ("move", {"to": "held"}, "почему работа приостановлена"),
        ("move", {"to": "pending", "text": " "}, "что ожидается"),
        ("move", {"to": "cancelled"}, "авария ещё активна"),
        ("move", {"to": "lost"}, "Запрос составлен неверно"),
    ],
)
def test_a_refusal_is_said_in_the_readers_language(
    control_room: Hall, path: str, fields: dict[str, str], why: str
) -> None:
    control_room.alarm()
    engineer = control_room.person(language="ru")
    page = do(engineer, engineer.get("/ticket/1"), "take")
    answer = do(engineer, page, path, **fields)
    assert answer.status_code == 400
    notice = re.search(r'<p class="notice" role="alert">([^<]+)', answer.text)
    assert notice
    assert why in notice[1]
    assert not re.search("[a-z]{3}", notice[1].replace("Nobody", ""))


def test_a_ticket_is_handed_over_once(control_room: Hall) -> None:
    control_room.alarm()
    engineer = control_room.person(language="ru")
    page = do(engineer, engineer.get("/ticket/1"), "hand-over", vendor="Edge Ltd")
    assert "билет уже у вендора Edge Ltd" in do(engineer, page, "hand-over", vendor="Edge Ltd").text


def test_a_ticket_tells_of_earlier_ones_of_its_problem_and_of_others_around_it(control_room: Hall) -> None:
    engineer = control_room.person(name="Aigerim")
    control_room.alarm()
    page = engineer.get("/ticket/1")
    assert 'id="history"' not in page.text, "there is nothing to tell of"
    page = do(engineer, page, "resolve", text="changed the power supply")
    control_room.recover()
    do(engineer, engineer.get("/ticket/1"), "move", to="closed", text="agreed with the site")
    control_room.now += timedelta(days=40)
    control_room.alarm(alertname="DiskFull", title="The disk of edge-1 is full")
    control_room.alarm(node="edge-2", title="edge-2 is down")
    control_room.now += timedelta(minutes=30)
    control_room.alarm()
    engineer = control_room.session("Aigerim")
    text = re.sub(
        r"<[^>]*>|\s+", " ", engineer.get("/ticket/4").text.partition('id="history"')[2].partition("</section>")[0]
    )
    text = " ".join(text.split())
    assert "1 in total, 0 in the 30 days" in text
    assert "1 01.03.2026 12:00:00 – 01.03.2026 12:00:00 (0 s): closed, changed the power supply Aigerim" in text
    assert "Open tickets for edge-1 2 P1 The disk of edge-1 is full" in text
    assert "edge-2" not in text
    text = engineer.get("/ticket/2").text.partition('id="history"')[2]
    assert "Open tickets from the same minute" in text
    assert "edge-2 is down" in text
    assert "edge-1 does not answer" in text
    russian = control_room.person(language="ru").get("/ticket/4").text
    assert "Прежние билеты по этой проблеме" in russian


def test_a_ticket_that_waits_for_the_verification_of_its_recovery_says_so(tmp_path: Path) -> None:
    with hall(tmp_path, prometheus=Url("http://127.0.0.1:9")) as room:
        room.alarm()
        engineer = room.person()
        assert 'id="verifying"' not in engineer.get("/ticket/1").text
        room.recover()
        assert "It stays open until Prometheus confirms the recovery" in engineer.get("/ticket/1").text
        assert "recovery is being verified" in engineer.get("/").text
        assert "восстановление проверяется" in room.person(language="ru").get("/").text
        where = "/tmf-api/troubleTicket/v5/troubleTicket/1"
        told = {each["name"]: each["value"] for each in room.machine.get(where).json()["troubleTicketCharacteristic"]}
        assert (told["verifying"], told["firingAlarms"]) == (True, 0)
        room.now += timedelta(minutes=1)
        room.alarm()
        assert 'id="verifying"' not in engineer.get("/ticket/1").text
        told = {each["name"]: each["value"] for each in room.machine.get(where).json()["troubleTicketCharacteristic"]}
        assert "verifying" not in told
