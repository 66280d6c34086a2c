"""The queue: its order, filters, counts, and what many consoles share."""

import re
from datetime import datetime, timedelta

import pytest

from alerts.desk.console.queue.bulk import MOST
from alerts.desk.console.queue.routes import PER_PAGE, Look, SharedRows, View
from alerts.desk.core.tables import event
from alerts.desk.core.words import Words
from alerts.desk.tickets import actions, queries
from alerts.desk.tickets import listing as console
from alerts.desk.tickets.actions import Hand
from alerts.desk.tickets.queries import QueueFilter
from tests.unit.desk.console_desk import NOON, Hall, csrf

EVERYTHING = View(QueueFilter(), 0)
MAX_PAGE = 200_000


def numbers(text: str) -> list[int]:
    return [int(each) for each in re.findall(r'href="/ticket/(\d+)" data-row', text)]


def test_the_most_urgent_ticket_comes_first(control_room: Hall) -> None:
    control_room.alarm(node="late-but-calm", severity="minor")
    control_room.alarm(node="worst", severity="critical")
    control_room.alarm(node="bad", severity="major")
    reader = control_room.person("viewer")
    assert numbers(reader.get("/").text) == [2, 3, 1]
    # Taken: what is left is the time to restore, and another one of its priority runs out sooner.
    actions.take(control_room.runtime.desk, Hand("Aigerim", 2))
    control_room.alarm(node="as bad as the worst", severity="critical")
    assert numbers(reader.get("/").text) == [4, 2, 3, 1]


def test_severity_decides_between_tickets_whose_clocks_stand(control_room: Hall) -> None:
    for severity in ("major", "critical"):
        control_room.alarm(node=severity, severity=severity)
    for number in (1, 2):
        control_room.recover(
            node="major" if number == 1 else "critical", severity="major" if number == 1 else "critical"
        )
        actions.set_priority(control_room.runtime.desk, Hand("Aigerim", number), "P3", "test")
    assert numbers(control_room.person().get("/").text) == [2, 1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("site=almaty", [1, 2]),
        ("node=edge-2", [2]),
        ("owner=Aigerim", [2]),
        ("owner=-", [1, 3]),
        ("status=inProgress", [2]),
        ("text=не%20отвечает", [1, 2, 3]),
        ("text=EDGE-9", [3]),
        ("site=almaty&owner=-", [1]),
        ("site=nowhere", []),
    ],
)
def test_filters_are_in_the_address(control_room: Hall, query: str, expected: list[int]) -> None:
    control_room.alarm(node="edge-1", title="edge-1 is down", title_ru="edge-1 не отвечает")
    control_room.alarm(node="edge-2", title="edge-2 is down", title_ru="edge-2 не отвечает")
    control_room.alarm(node="edge-9", site="astana", title="edge-9 is down", title_ru="edge-9 не отвечает")
    actions.take(control_room.runtime.desk, Hand("Aigerim", 2))
    page = control_room.person().get(f"/?{query}").text
    assert sorted(numbers(page)) == expected
    # The living part asks for the same view.
    part = re.search(r'data-live="([^"]+)"', page)
    assert part
    assert sorted(numbers(control_room.person().get(part[1].replace("&amp;", "&")).text)) == expected


def test_counts_are_told_above_the_list(control_room: Hall) -> None:
    for place in range(3):
        control_room.alarm(node=f"edge-{place}")
    control_room.alarm(node="disk", severity="minor")
    actions.take(control_room.runtime.desk, Hand("Aigerim", 1))
    control_room.now += timedelta(minutes=16)  # two P1 targets to acknowledge are missed
    with control_room.runtime.database.read() as connection:
        tally = console.tally(connection, QueueFilter(), control_room.now)
    assert (tally.severities, tally.unowned, tally.late) == ({"critical": 3, "minor": 1}, 3, 2)
    assert (tally.unowned_critical, tally.newest_critical) == (2, 3)
    assert "4 open tickets" in control_room.person().get("/").text


def test_a_page_of_many_tickets_stays_small_and_leads_to_the_next(control_room: Hall) -> None:
    for place in range(PER_PAGE + 5):
        control_room.alarm(node=f"edge-with-a-long-name-{place:04}", title=f"edge-{place}: " + "узел не отвечает " * 4)
    reader = control_room.person(language="ru")
    page = reader.get("/")
    assert len(page.content) < MAX_PAGE
    assert len(numbers(page.text)) == PER_PAGE
    further = re.search(r'href="([^"]+)" rel="next"', page.text)
    assert further
    assert len(numbers(reader.get(further[1]).text)) == 5


def test_the_part_needs_a_login(control_room: Hall) -> None:
    for path in ("/", "/queue/part", "/queue/events", "/ticket/1/events", "/events"):
        answer = control_room.machine.get(path, follow=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")


def test_many_consoles_share_one_rendering_until_something_changes(control_room: Hall) -> None:
    control_room.alarm()
    seconds = 0.0
    shared = SharedRows(lambda: seconds)
    words = Words("ru", control_room.runtime.settings.zone)
    look = Look(words, EVERYTHING, acts=True)
    first = shared.get(control_room.runtime, look)
    assert shared.get(control_room.runtime, look) is first
    for other in (Look(words, View(QueueFilter(site="x"), 0), acts=True), Look(words, EVERYTHING, acts=False)):
        assert shared.get(control_room.runtime, other) is not first
    actions.note(control_room.runtime.desk, Hand("Aigerim", 1), "seen")
    second = shared.get(control_room.runtime, look)
    assert second is not first
    seconds = 3.0  # the times left are no longer true
    assert shared.get(control_room.runtime, look) is not second


def test_the_mark_tells_an_event_that_appears_below_the_newest(control_room: Hall) -> None:
    control_room.alarm()
    row = {"ticket_id": 1, "at": NOON, "kind": "note", "actor": "a", "data": {"text": "x"}}
    with control_room.runtime.database.write() as connection:
        connection.execute(event.insert(), row | {"id": 100})
        before = console.mark(connection)
        connection.execute(event.insert(), row | {"id": 99})  # committed later by another desk
        assert console.mark(connection) != before


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (NOON, "12:00"),
        (NOON - timedelta(hours=13), "28 февр. 23:00"),
        (NOON - timedelta(days=365), "1 марта 2025 12:00"),
    ],
)
def test_moments_are_local_and_short(control_room: Hall, moment: datetime, shown: str) -> None:
    assert Words("ru", control_room.runtime.settings.zone).moment(moment, NOON) == shown


def fields(page: str, *chosen: int) -> dict[str, object]:
    """Return the bulk form with these tickets' boxes ticked."""
    boxes = dict(re.findall(r'name="pick" value="((\d+)\.\d+)"', page))
    return {"csrf": csrf(page), "pick": [value for value, number in boxes.items() if int(number) in chosen]}


def shown(page: str) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found
    return found[1]


def tickets(room: Hall) -> list[tuple[str, str]]:
    with room.runtime.database.read() as connection:
        rows = queries.queue(connection, QueueFilter(with_closed=True), 100)
    return sorted((str(one.id), f"{one.status} {one.owner}".strip()) for one in rows)


def test_what_is_picked_is_taken_and_resolved_with_one_reason(control_room: Hall) -> None:
    for place in range(4):
        control_room.alarm(node=f"edge-{place}")
    engineer = control_room.person(name="Aigerim")
    answer = engineer.post("/queue/act?site=almaty", data=fields(engineer.get("/").text, 1, 3) | {"do": "take"})
    assert answer.status_code == 200
    assert "2 tickets taken." in answer.text
    assert "<option selected>almaty</option>" in answer.text  # the view stays
    assert tickets(control_room) == [
        ("1", "inProgress Aigerim"), ("2", "acknowledged"), ("3", "inProgress Aigerim"), ("4", "acknowledged"),
    ]  # fmt: skip
    resolved = fields(answer.text, 2, 3) | {"do": "resolve", "text": "the switch was replaced"}
    assert "2 tickets resolved." in engineer.post("/queue/act", data=resolved).text
    assert [each[1].split()[0] for each in tickets(control_room)] == [
        "inProgress", "resolved", "resolved", "acknowledged",
    ]  # fmt: skip
    assert "the switch was replaced" in engineer.get("/ticket/2").text


def test_without_scripts_one_box_stands_for_all_that_the_page_showed(control_room: Hall) -> None:
    for place in range(3):
        control_room.alarm(node=f"edge-{place}")
    engineer = control_room.person(name="Aigerim")
    page = engineer.get("/").text
    control_room.alarm(node="later")
    sent = {"csrf": csrf(page), "all": "1", "shown": shown(page), "do": "take"}
    assert "3 tickets taken." in engineer.post("/queue/act", data=sent).text
    assert tickets(control_room)[3] == ("4", "acknowledged")


def test_each_refusal_is_told_with_its_reason_and_overwrites_nothing(control_room: Hall) -> None:
    for place in range(4):
        control_room.alarm(node=f"edge-{place}")
    engineer = control_room.person(name="Aigerim")
    page = engineer.get("/").text
    actions.take(control_room.runtime.desk, Hand("Daniyar", 1))  # changed meanwhile
    actions.resolve(control_room.runtime.desk, Hand("Daniyar", 2), "done")
    with control_room.runtime.database.read() as connection:
        resolved = queries.some(connection, [2])[0].version
    sent = fields(page, 1, 3) | {"do": "resolve", "text": "repaired"}
    picked = sent["pick"]
    assert isinstance(picked, list)
    picked += [f"2.{resolved}", "999.1"]  # resolved already, and gone
    answer = engineer.post("/queue/act", data=sent)
    assert answer.status_code == 409
    assert "1 ticket resolved." in answer.text
    reasons = dict(re.findall(r'<li><a href="/ticket/(\d+)">\d+</a>: ([^<]+)</li>', answer.text))
    assert reasons["1"].startswith("the ticket changed while you were looking at it")
    assert "resolved" in reasons["2"]
    assert reasons["999"].startswith("this ticket no longer exists")
    assert tickets(control_room)[0] == ("1", "inProgress Daniyar")
    assert "repaired" not in engineer.get("/ticket/1").text


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"do": "take"}, "No ticket is selected"),
        ({"do": "resolve", "pick": ["1.1"], "text": "  "}, "Enter what was done"),
        ({"do": "close", "pick": ["1.1"]}, "The request is invalid"),
        ({"do": "take", "pick": ["1.1", "1;DROP"]}, "The request is invalid"),
        ({"do": "take", "pick": [f"{number}.1" for number in range(MOST + 1)]}, "At most 100"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(control_room: Hall, sent: dict[str, object], told: str) -> None:
    control_room.alarm()
    engineer = control_room.person()
    answer = engineer.post("/queue/act", data={"csrf": csrf(engineer.get("/").text)} | sent)
    assert answer.status_code == 400
    assert told in answer.text
    assert tickets(control_room) == [("1", "acknowledged")]


def test_a_viewer_has_no_boxes_and_may_not_act(control_room: Hall) -> None:
    control_room.alarm()
    viewer = control_room.person("viewer")
    page = viewer.get("/").text
    assert 'name="pick"' not in page
    assert 'id="bulk"' not in page
    answer = viewer.post("/queue/act", data={"csrf": csrf(page), "pick": ["1.1"], "do": "take"})
    assert answer.status_code == 403
    assert tickets(control_room) == [("1", "acknowledged")]


def test_who_loads_the_answer_again_comes_to_the_queue(control_room: Hall) -> None:
    assert control_room.person().get("/queue/act").url.path == "/"
