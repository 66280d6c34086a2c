"""The wall: its tour, its four views, and how it moves on without scripts."""

import re
from datetime import datetime, timedelta

import pytest

from alerts.desk.console.overview.key_figures import Busiest, busiest
from alerts.desk.console.wall.routes import TICKETS_SHOWN, TILES_SHOWN, VIEWS, tour
from tests.unit.desk.console_desk import NOON, Hall
from tests.unit.desk.platform_stand_in import (
    ALMATY,
    FIGURES,
    LOAD,
    WEEK,
    StandIn,
    busy_hour,
    day,
    node,
    past,
    present,
    stand_in,
)

MIDNIGHT = datetime(2026, 3, 1, tzinfo=ALMATY)
YESTERDAY = datetime(2026, 2, 28, 21, 0, tzinfo=ALMATY)


@pytest.fixture
def platform(control_room: Hall) -> StandIn:
    return stand_in(control_room)


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).strip()


def test_without_scripts_the_browser_goes_through_all_views(control_room: Hall, platform: StandIn) -> None:
    reader = control_room.person("viewer", language="en")
    address, seen = "/wall", []
    for _ in range(len(VIEWS) + 1):
        page = reader.get(address).text
        found = re.search(r'<noscript><meta http-equiv="refresh" content="15;url=([^"]+)"></noscript>', page)
        view = re.search(r'id="live" class="view (\w+)"', page)
        assert found
        assert view
        seen.append(view[1])
        address = found[1].replace("&amp;", "&")
    assert tuple(seen) == (*VIEWS, VIEWS[0])


@pytest.mark.parametrize(
    ("asked", "views", "view", "seconds", "following"),
    [
        ({}, VIEWS, "figures", 15, "map"),
        ({"view": "busy"}, VIEWS, "busy", 15, "figures"),
        ({"views": "tickets,map", "view": "map", "seconds": 40}, ("tickets", "map"), "map", 40, "tickets"),
        ({"views": "tickets,nonsense,tickets", "view": "map"}, ("tickets",), "tickets", 15, "tickets"),
        ({"views": "<script>", "seconds": 0}, VIEWS, "figures", 5, "map"),
        ({"seconds": 10**9}, VIEWS, "figures", 3600, "map"),
    ],
)
def test_the_tour_is_in_the_address(
    asked: dict[str, str | int], views: tuple[str, ...], view: str, seconds: int, following: str
) -> None:
    on = tour(**asked)  # type: ignore[arg-type]
    assert (on.views, on.view, on.seconds, on.following) == (views, view, seconds, following)


def test_a_tour_of_its_own_goes_on_as_it_was_asked_for(control_room: Hall, platform: StandIn) -> None:
    page = control_room.person(language="en").get("/wall?views=tickets,map&seconds=40").text
    assert 'content="40;url=/wall?view=map&amp;views=tickets%2Cmap&amp;seconds=40"' in page
    assert 'data-next="/wall/part?view=map&amp;views=tickets%2Cmap&amp;seconds=40"' in page


def test_the_figures_are_those_of_the_overview(control_room: Hall, platform: StandIn) -> None:
    week = {"platform:ott_edge_sessions:sum": 50.0}
    platform.tell(present(figures=FIGURES, load=LOAD, busy_hour=busy_hour(923, YESTERDAY)), past(week=week))
    page = words(control_room.person(language="en").get("/wall?view=figures").text)
    for told in (
        "Subscribers in total 8,575 IPTV 5,235 · OTT 3,340",
        "Served in the busy hour 923 28 Feb, 21:00–22:00",
        "Served now 908",
        "Active sessions 68",
        "+36 % in a week",
        "Viewers 51",
        "Outbound traffic 33.9 Mbit/s",
        "CPU 91 % edge-1",
        "RAM 31 %",
        "Disk 2.4 %",
        "12:00 Asia/Almaty",
    ):
        assert told in page


def test_the_map_shows_the_ill_first_and_all_of_few(control_room: Hall, platform: StandIn) -> None:
    control_room.alarm(node="edge-3", site="shymkent", severity="minor")
    nodes = (node("edge-1"), node("edge-2", 0, site="astana"))
    platform.tell(present(nodes=nodes), None)
    page = control_room.person(language="en").get("/wall?view=map").text
    assert re.findall(r"<h2>(\S+) <small>", page) == ["astana", "shymkent", "almaty"]
    assert "✕ edge-2 not responding" in words(page)
    assert "✓ edge-1 works" in words(page)
    many = tuple(node(f"well-{number}") for number in range(TILES_SHOWN))
    platform.tell(present(nodes=(*nodes, *many)), None)
    page = words(control_room.person(language="en").get("/wall?view=map").text)
    assert "✕ edge-2 not responding" in page
    assert f"✓ Working: {TILES_SHOWN + 1}" in page


def test_the_most_urgent_tickets_with_their_time_left(control_room: Hall, platform: StandIn) -> None:
    for number in range(TICKETS_SHOWN + 2):
        control_room.alarm(node=f"edge-{number}", title=f"edge-{number} is down", severity="minor")
    control_room.alarm(node="worst", title="<worst> is down", severity="critical")
    control_room.now += timedelta(minutes=5)
    page = control_room.person(language="en").get("/wall?view=tickets").text
    urgent = page[page.index('<ol class="urgent">') : page.index("</ol>")]
    assert urgent.count("<li ") == TICKETS_SHOWN
    assert words(urgent).startswith("▲ P1 critical &lt;worst&gt; is down unassigned · new 10 min 0 s ● P3 minor")
    assert "and 3 more in the queue" in page
    assert "▲ critical 1" in words(page)


def test_no_ticket_is_said(control_room: Hall, platform: StandIn) -> None:
    page = words(control_room.person(language="ru").get("/wall?view=tickets").text)
    assert page.count("✓ открытых билетов нет") == 2


@pytest.mark.parametrize(
    ("clock", "said"), [("12:00", "starts in 8 h 0 min"), ("20:30", "now"), ("21:30", "over"), ("20:00", "now")]
)
def test_the_busy_hour_so_far_recorded_and_expected(
    control_room: Hall, platform: StandIn, clock: str, said: str
) -> None:
    today = day(MIDNIGHT, {"11:00": 300.0, "11:45": 461.5}, until=12)
    before = day(MIDNIGHT - WEEK, {"21:00": 910.0, "22:00": 850.0})
    recorded_before = day(MIDNIGHT - timedelta(days=8), {"22:00": 900.0})
    platform.tell(
        present(busy_hour=busy_hour(923, YESTERDAY)),
        past(today=today, week_ago=before, recorded_week_ago=recorded_before),
    )
    hour, minute = map(int, clock.split(":"))
    control_room.now = MIDNIGHT.replace(hour=hour, minute=minute)
    page = control_room.person(language="en").get("/wall?view=busy").text
    cards = [words(each) for each in re.findall(r"<article.*?</article>", page, re.DOTALL)]
    assert cards == [
        "Today so far 462 1 Mar, 10:45–11:45 −50 % to the last busy hour",
        "Last recorded 923 28 Feb, 21:00–22:00 +2.6 % in a week",
        f"Expected today 910 1 Mar, 20:00–21:00 {said}",
    ]
    assert 'class="line bound"' in page


def test_the_first_hour_of_a_day_has_no_busiest_one(control_room: Hall, platform: StandIn) -> None:
    assert busiest(day(MIDNIGHT)) is None
    assert busiest(day(MIDNIGHT, {"09:00": 5.0})) == Busiest(MIDNIGHT + timedelta(hours=8), 5.0)
    platform.tell(present(), past())
    assert "Today so far" not in control_room.person(language="en").get("/wall?view=busy").text


@pytest.mark.parametrize("view", VIEWS)
def test_without_prometheus_every_view_says_so_and_shows_no_figure(
    control_room: Hall, platform: StandIn, view: str
) -> None:
    page = control_room.person(language="en").get(f"/wall?view={view}").text
    assert 'role="alert">Prometheus is not responding, so no metrics are available.' in page
    assert 'data-made=""' in page
    assert "no data" in page or view == "map"


def test_old_figures_are_loud_and_tell_the_script_when_they_are_from(control_room: Hall, platform: StandIn) -> None:
    platform.tell(present(figures=FIGURES), past(), age=75.0, failing=True)
    page = control_room.person(language="en").get("/wall").text
    assert "Showing data from 12:00:00, 1 min 15 s ago." in page
    assert f'data-made="{int(NOON.timestamp() * 1000)}"' in page
    assert '<main class="old">' in page


def test_it_is_dark_and_leads_nowhere(control_room: Hall, platform: StandIn) -> None:
    page = control_room.person(language="en").get("/wall").text
    assert 'data-theme="dark"' in page
    assert not re.search(r"<(a|button|form|input)\b", page)
