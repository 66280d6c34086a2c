"""The overview: figures and how they are compared, the health map, channels, people, and what it says without data."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts.desk.app.jobs import attend
from alerts.desk.console.overview.channels import SHOWN, Channel, Stream, channels
from alerts.desk.console.overview.health import Answer, sites
from alerts.desk.console.overview.key_figures import Figure, change, seven
from alerts.desk.console.overview.routes import blocks
from alerts.desk.console.shared import Rendered
from alerts.desk.core.words import Words
from alerts.desk.tickets import actions
from alerts.desk.tickets.actions import Hand
from alerts.desk.tickets.troubles import Trouble
from service.prometheus import Sample
from tests.unit.desk.console_desk import NOON, Hall
from tests.unit.desk.platform_stand_in import (
    ALMATY,
    FIGURES,
    LOAD,
    WEEK,
    StandIn,
    busy_hour,
    channel,
    day,
    node,
    past,
    present,
    stand_in,
)

EN, RU = Words("en", ALMATY), Words("ru", ALMATY)
MAX_PAGE = 200_000
EVENING = datetime(2026, 2, 28, 21, 0, tzinfo=ALMATY)


@pytest.fixture
def platform(control_room: Hall) -> StandIn:
    return stand_in(control_room)


def amounts(text: str) -> dict[str, str]:
    """Return the big number of each card by its heading."""
    found = re.findall(r'<h[34]>([^<]+)</h[34]>\s*<p class="amount">(.*?)</p>', text)
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in found}


def test_stalls_are_shown_where_players_report_them(control_room: Hall, platform: StandIn) -> None:
    stalled = Sample({"__name__": "platform:ott_qoe_stall:ratio_rate5m"}, 0.0312)
    platform.tell(present(figures=(*FIGURES, stalled)), past())
    page = control_room.person("viewer").get("/overview").text
    assert amounts(page)["Playback stalled"] == "3.1 %"
    platform.tell(present(figures=FIGURES), past())
    assert "Playback stalled" not in control_room.person("viewer").get("/overview").text


def test_all_seven_figures_are_shown(control_room: Hall, platform: StandIn) -> None:
    platform.tell(present(figures=FIGURES, load=LOAD, busy_hour=busy_hour(923, EVENING)), past())
    page = control_room.person("viewer").get("/overview").text
    assert amounts(page) == {
        "Subscribers in total": "8,575",
        "Served in the busy hour": "923",
        "Served now": "908",
        "Active sessions": "68",
        "Viewers": "51",
        "Outbound traffic": "33.9 Mbit/s",
        "CPU": "91 %",
        "RAM": "31 %",
        "Disk": "2.4 %",
    }
    for told in (
        "IPTV 5,235 · OTT 3,340",
        "IPTV 861 · OTT 47",
        "28 Feb, 21:00–22:00",
        "Fullest file system: edge-2, 73 %",
        "as of 12:00:00",
    ):
        assert told in page


def test_the_node_that_is_loaded_most_is_named() -> None:
    cpu, memory, _ = seven(present(figures=FIGURES, load=LOAD), None).load
    assert (cpu.node, memory.node) == ("edge-1", "")


def test_without_prometheus_nothing_is_zero_and_the_page_says_why(control_room: Hall, platform: StandIn) -> None:
    page = control_room.person().get("/overview").text
    assert set(amounts(page).values()) == {"no data"}
    assert "Prometheus is not responding, so no metrics are available." in page
    assert "No node is known" in page


def test_a_desk_without_prometheus_in_its_settings_says_so(control_room: Hall) -> None:
    page = control_room.person().get("/overview").text
    assert "No Prometheus URL is configured" in page


@pytest.mark.parametrize(("age", "failing"), [(40.0, False), (3.0, True)])
def test_old_figures_carry_their_age(control_room: Hall, platform: StandIn, age: float, failing: bool) -> None:
    platform.tell(present(figures=FIGURES), past(), age=age, failing=failing)
    page = control_room.person(language="en").get("/overview").text
    assert f"Showing data from 12:00:00, {age:.0f} s ago." in page
    assert 'class="old"' in page
    platform.tell(present(figures=FIGURES), past(), age=3.0)
    assert 'class="old"' not in control_room.person(language="en").get("/overview").text


def test_a_query_without_an_answer_takes_only_its_own_part(control_room: Hall, platform: StandIn) -> None:
    platform.tell(
        present(
            figures=FIGURES, nodes=(node("edge-1"),), load=None, channels=None, probes=None, down=None, stands=None
        ),
        None,
    )
    page = control_room.person(language="en").get("/overview").text
    assert amounts(page)["Subscribers in total"] == "8,575"
    assert amounts(page)["Served in the busy hour"] == "no data"
    assert "edge-1" in page


def told(value: float | None, before: float | None, unit: str = "count") -> str:
    return change(EN, Figure("x", unit, value, before))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "before", "unit", "said"),
    [
        (112, 100, "count", "12 % more than a week ago"),
        (88, 100, "count", "12 % less than a week ago"),
        (100.4, 100, "count", "as a week ago"),
        (0, 0, "count", "as a week ago"),
        (5, 0, "count", "none a week ago"),
        (1500, 100, "count", "15 times what it was a week ago"),
        (0.34, 0.30, "ratio", "+4 pp in a week"),
        (0.25, 0.30, "ratio", "−5 pp in a week"),
        (0.301, 0.30, "ratio", "as a week ago"),
        (7, None, "count", "a week ago: no data"),
        (None, 7, "count", ""),
    ],
)
def test_a_figure_is_compared_with_last_week(value: float | None, before: float | None, unit: str, said: str) -> None:
    assert told(value, before, unit) == said


@pytest.mark.parametrize(("minutes", "known"), [(0, 50.0), (9, 50.0), (60, None)])
def test_last_week_is_the_same_time_and_no_earlier_one(minutes: int, known: float | None) -> None:
    points = [((NOON - WEEK - timedelta(minutes=minutes)).timestamp(), 50.0)]
    then = replace(past(), week={"platform:ott_edge_sessions:sum": points})
    found = {each.name: each.before for each in seven(present(), then).figures}
    assert found == dict.fromkeys(found) | {"sessions": known}


def test_the_busy_hour_is_compared_with_the_same_weekday() -> None:
    week_before = day(datetime(2026, 2, 21, tzinfo=ALMATY), {"20:00": 700.0, "21:15": 910.0, "22:00": 850.0})
    found = seven(present(busy_hour=busy_hour(923, EVENING)), past(recorded_week_ago=week_before)).figures[1]
    assert (found.value, found.before, found.start) == (923, 910.0, EVENING)


def test_a_tile_says_the_worst_that_is_known() -> None:
    up = (node("well"), node("silent", 0), node("sick"), node("far", site="astana", role="middleware"))
    troubles = [
        Trouble("almaty", "sick", "minor", 2),
        Trouble("almaty", "sick", "major", 1),
        Trouble("almaty", "silent", "critical", 1),
        Trouble("almaty", "unscraped", "warning", 1),
        Trouble("astana", "", "critical", 1),
        Trouble("", "", "major", 1),
    ]
    almaty, astana, platform = sites(present(nodes=up, load=LOAD), troubles)
    assert [(tile.name, tile.answer, tile.severity, tile.tickets) for tile in almaty.tiles] == [
        ("silent", Answer.SILENT, "critical", 1),
        ("sick", Answer.ANSWERS, "major", 3),
        ("unscraped", Answer.UNKNOWN, "warning", 1),
        ("well", Answer.ANSWERS, "", 0),
    ]
    assert (almaty.silent, [tile.name for tile in almaty.well]) == (1, ["well"])
    assert (astana.tickets, astana.severity, astana.tiles[0].role) == (1, "critical", "middleware")
    assert (platform.name, platform.tickets, platform.tiles) == ("", 1, [])


def test_of_two_agents_on_a_node_the_silent_one_counts() -> None:
    for order in ((1, 0), (0, 1)):
        (site,) = sites(present(nodes=tuple(node("edge-1", up) for up in order)), [])
        assert site.tiles[0].answer is Answer.SILENT


def test_a_tile_is_read_without_colours_and_leads_to_its_tickets(control_room: Hall, platform: StandIn) -> None:
    control_room.alarm(node="edge-1", severity="critical")
    control_room.alarm(node="edge 2&3", severity="minor")
    control_room.alarm(node="edge-4", severity="major")
    control_room.recover(node="edge-4", severity="major")  # resolved: nothing is wrong there any more
    platform.tell(present(nodes=(node("edge-1", 0), node("edge-4")), load=LOAD), None)
    page = control_room.person(language="en").get("/overview").text
    tiles = {
        re.sub(r"<[^>]+>", "", text).strip(): address
        for address, text in re.findall(r'<a class="tile [^"]*" href="([^"]+)">(.*?)</a>', page)
    }
    assert tiles == {
        "✕ edge-1 not responding, 1 ticket edge": "/?node=edge-1&amp;site=almaty",
        "● edge 2&amp;3 minor, 1 ticket no data": "/?node=edge+2%263&amp;site=almaty",
        "✓ edge-4 works edge": "/?node=edge-4&amp;site=almaty",
    }
    assert "edge-1" in control_room.person().get("/?node=edge-1&site=almaty").text


def test_a_thousand_nodes_fit_in_a_page_well_or_ill(control_room: Hall, platform: StandIn) -> None:
    names = [f"edge-{number:04}.almaty.example" for number in range(1000)]
    for up in (1, 0):
        platform.tell(present(figures=FIGURES, nodes=tuple(node(name, up) for name in names)), past())
        page = control_room.person(language="ru").get("/overview")
        assert len(page.content) < MAX_PAGE
        assert page.text.count('class="tile ') == 1000
    assert "Другие неисправные: 900" in page.text


def test_large_tiles_go_to_the_ill_first() -> None:
    found = sites(present(nodes=(node("a", 0), node("b", 0), node("c"), node("d", 0, site="b-town"))), [])
    first, second = blocks(EN, found, most=2, well=5)
    assert ([each.name for each in first.large], [each.name for each in first.small_well]) == (["a", "b"], ["c"])
    assert ([each.name for each in second.large], [each.name for each in second.small_ill]) == ([], ["d"])


def test_channels_by_sessions_with_what_the_probes_find() -> None:
    found = channels(
        present(
            channels=(channel("news", 5), channel("kino", 9), channel("other", 3)),
            probes=(channel("news", 2), channel("kino", 2), channel("quiet", 1)),
            down=(channel("news", 1),),
            stands=(channel("kino", 2), channel("news", 1)),
        )
    )
    assert found == [
        Channel("kino", 9, Stream.STANDS, 2, 2),
        Channel("news", 5, Stream.DOWN, 2, 1),
        Channel("quiet", None, Stream.PLAYS, 1, 0),
        Channel("other", 3, Stream.UNPROBED),
    ]


def test_small_channels_are_added_up_unless_they_are_ill() -> None:
    many = tuple(channel(f"c{number:03}", 1000 - number) for number in range(SHOWN + 3))
    ill = f"c{SHOWN + 1:03}"
    found = channels(present(channels=many, probes=(channel(ill, 1),), down=(channel(ill, 1),)))
    assert found is not None
    assert [each.name for each in found[SHOWN:]] == [ill, "other"]
    assert found[-1].sessions == (1000 - SHOWN) + (1000 - SHOWN - 2)
    assert channels(None) is None


def test_an_unprobed_channel_is_not_called_fine(control_room: Hall, platform: StandIn) -> None:
    platform.tell(present(channels=(channel("<b>", 4),)), None)
    page = control_room.person(language="en").get("/overview").text
    assert "not probed" in page
    assert "&lt;b&gt;" in page
    assert "plays" not in page


def test_people_with_what_they_hold(control_room: Hall, platform: StandIn) -> None:
    for number in range(3):
        control_room.alarm(node=f"edge-{number}")
    reader = control_room.person(name="Aigerim", language="en")
    control_room.person("viewer", name="Wall")
    for number, name in ((1, "Aigerim"), (2, "Daniyar")):
        actions.take(control_room.runtime.desk, Hand(name, number))
    control_room.session("Aigerim")
    control_room.person(name="Saule")
    control_room.now += timedelta(minutes=34)
    reader.get("/")
    attend(control_room.runtime)
    page = reader.get("/overview").text
    rows = [
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip()
        for row in re.findall(r"<tr>(.*?)</tr>", page[page.index('id="staff"') :], re.DOTALL)[1:]
    ]
    assert rows == ["Aigerim ● here 1", "Saule ○ 34 min 0 s ago 0", "Daniyar ✕ not logged in 1"]
    assert "Also logged in: 1 viewer" in page
    assert 'href="/?owner=Daniyar"' in page


def test_it_needs_a_login(control_room: Hall) -> None:
    for path in ("/overview", "/overview/part", "/wall", "/wall/part"):
        answer = control_room.machine.get(path, follow=False)
        assert answer.status_code == 303


def test_it_rings_for_a_new_critical_ticket_and_is_alive(control_room: Hall, platform: StandIn) -> None:
    control_room.alarm(severity="critical")
    reader = control_room.person(language="ru")
    page = reader.get("/overview").text
    assert 'data-live="/overview/part" data-period="5"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    part = reader.get("/overview/part").text
    assert re.search(r'id="live"[^>]*data-critical="1" data-urgent="1"', part)
    assert part.strip() in page


def test_a_moment_of_rendering_is_shared(control_room: Hall, platform: StandIn) -> None:
    control_room.machine.app.state.rendered = Rendered(8, 60.0)
    platform.tell(present(figures=FIGURES), past())
    first = control_room.person(language="en").get("/overview/part").text
    platform.tell(present(), past())
    assert control_room.person(language="en").get("/overview/part").text == first
    assert control_room.person(language="ru").get("/overview/part").text != first
