"""How many viewers a ticket concerns: exact where all report, else an upper bound, and no figure without series."""

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from alerts.desk.alarms.impact.figures import Course, figure
from alerts.desk.alarms.impact.measure import impact, rank
from alerts.desk.alarms.impact.round import look
from alerts.desk.alarms.impact.scope import Scope, scope_of
from alerts.desk.alarms.impact.stalls import RATES
from alerts.desk.core.words import Words
from alerts.desk.tickets import impact_words
from alerts.desk.tickets.impact import Figure, Impact, kept, of_kept
from service.prometheus import PrometheusUnavailableError, QueryRejectedError, Sample, Series, Window
from tests.unit.desk.console.test_grouping import correlating
from tests.unit.desk.console_desk import Hall
from tests.unit.desk.correlation.platform import START, alarm, stale, topology

MOMENTS = [0.0, 60.0, 120.0]


def course(reported: list[float | None], sources: float = 1, other: list[float | None] | None = None) -> Course:
    there = {at: value for at, value in zip(MOMENTS, reported, strict=True) if value is not None}
    others = {at: value for at, value in zip(MOMENTS, other or [], strict=False) if value is not None}
    return Course(100.0, sources, there, dict.fromkeys(there, sources), other[0] if other else None, others)


def test_who_is_served_elsewhere_is_not_without_service() -> None:
    found = figure(course([100.0, 0.0, 0.0], other=[50.0, 50.0, 130.0]), MOMENTS)
    assert (found.before, found.elsewhere, found.without) == (100.0, 80.0, 20.0)
    assert found.minutes == 50.0 + 60.0  # 0 → 100 within the first minute, 100 → 20 within the second


def test_what_does_not_report_gives_an_upper_bound_only() -> None:
    found = figure(course([100.0, None, None]), MOMENTS)
    assert (found.without, found.at_most, found.minutes, found.minutes_at_most) == (None, 100.0, None, 150.0)


def test_others_that_do_not_report_take_nobody_over_for_certain() -> None:
    found = figure(course([100.0, 40.0, 40.0], other=[50.0, 60.0, None]), MOMENTS)
    assert (found.elsewhere, found.without, found.at_most) == (None, None, 60.0)


def test_more_viewers_than_before_are_no_loss() -> None:
    found = figure(course([100.0, 120.0, 110.0], other=[50.0, 70.0, 90.0]), MOMENTS)
    assert (found.without, found.elsewhere, found.minutes) == (0.0, 0.0, 0.0)


def test_the_scope_is_what_the_alarms_that_affect_viewers_are_about() -> None:
    assert scope_of([alarm("NodeDiskFilling", "node", node="edge-1")], topology()) is None
    assert scope_of([alarm("CollectorFailing", "self", node="edge-1", service_affecting="yes")], topology()) is None
    down = scope_of([alarm("NodeDown", "node", node="edge-1", service_affecting="yes")], topology())
    assert down == Scope(START - timedelta(seconds=30), frozenset({"edge-1"}))
    site = scope_of([alarm("SiteUnreachable", "network", site="astana", service_affecting="yes")], topology())
    assert site is not None
    assert site.nodes == {f"edge-{number}" for number in range(6, 11)}
    packager = scope_of(
        [alarm("NodeProcessMissing", "service", element="packager", site="almaty", service_affecting="yes")], topology()
    )
    assert packager is not None
    assert packager.nodes == {f"edge-{number}" for number in range(1, 11)}
    everywhere = scope_of([alarm("PlatformTrafficCollapsed", "quality", service_affecting="yes")], topology())
    assert everywhere == Scope(START - timedelta(seconds=90), everywhere=True)
    assert everywhere.inside == "{}"


def test_channels_alone_are_counted_by_their_sessions() -> None:
    one = stale("news", "edge-1")
    labels = {**one.labels, "service_affecting": "yes"}
    found = scope_of([type(one)(one.key, labels, one.began)], topology())
    assert found is not None
    assert found.inside == '{node=~"edge-1",channel=~"news"}'
    assert found.outside == '{node!~"edge-1",channel=~"news"}'


def test_names_are_taken_literally_in_matchers() -> None:
    assert Scope(START, frozenset({'a.b"c'})).inside == '{node=~"a\\\\.b\\"c"}'


class Recorded:
    """A Prometheus of one edge that dies at the 60th second and another that takes over half."""

    def __init__(self, *, known: bool = True, refuses: bool = False) -> None:
        self.known, self.refuses = known, refuses

    def value(self, expression: str, at: float) -> float | None:
        since = at - START.timestamp()
        if not self.known or "subscribers" in expression:
            return None
        if "!~" in expression:
            return 50.0 if since < 60 else 100.0
        if since >= 60:
            return None
        return 1.0 if expression.startswith("count") else 100.0

    def query(self, expression: str, at: object = None) -> list[Sample]:
        if self.refuses:
            raise QueryRejectedError("prometheus", "no")
        found = self.value(expression, at.timestamp())  # type: ignore[attr-defined]
        return [] if found is None else [Sample({}, found)]

    def query_range(self, expression: str, window: Window) -> list[Series]:
        moments = [window.start + window.step * n for n in range(int((window.end - window.start) / window.step) + 1)]
        points = [(round(at, 3), found) for at in moments if (found := self.value(expression, at)) is not None]
        return [Series({}, points)] if points else []


def test_it_works_after_the_node_is_dead() -> None:
    scope = Scope(START + timedelta(seconds=30), frozenset({"edge-1"}))
    found = impact(Recorded(), scope, START + timedelta(seconds=180))
    assert found is not None
    viewers = found.viewers
    assert viewers is not None
    assert (viewers.before, viewers.elsewhere, viewers.without, viewers.at_most) == (100, 50, None, 50)
    assert viewers.minutes_at_most == pytest.approx(50 * 2 + 50 * 7.5 / 60)
    assert rank(found) == 50
    english = impact_words.sentences(found, Words("en", START.tzinfo))  # type: ignore[arg-type]
    assert english[0] == (
        "Viewers just before (22.01.2026 03:00:30): 100. Without service at 22.01.2026 03:03:00: at most 50 (not "
        "all nodes report). Served by other nodes instead: 50. Viewing time lost so far: at most 106 min."
    )
    assert found.subscribers is None
    assert of_kept(json.loads(json.dumps(kept(found)))) == found
    assert kept(found).keys() == {"since", "until", "viewers", "sessions"}


def test_at_most_none_is_none() -> None:
    nobody = Figure(6.0, 0.0, 6.0, None, 0.2, None, 0.3)
    some = Figure(7.0, 0.0, 4.0, None, 3.0, None, 2.0)
    words = Words("en", START.tzinfo)  # type: ignore[arg-type]

    assert impact_words.sentences(Impact(START, START, viewers=nobody), words) == [
        "Viewers just before (22.01.2026 03:00:00): 6. Without service at 22.01.2026 03:00:00: 0. "
        "Served by other nodes instead: 6. Viewing time lost so far: 0 min."
    ]
    assert impact_words.short(Impact(START, START, viewers=nobody), words) == "viewers without service: 0"
    both = Impact(START, START, viewers=nobody, sessions=some)
    assert impact_words.short(both, words) == "sessions without service: up to 3"


class Stalling(Recorded):
    """Nobody is without service, but playback stalls ten times in a minute for four seconds each."""

    def query_range(self, expression: str, window: Window) -> list[Series]:
        if not expression.startswith("sum by (__name__)"):
            return []
        assert 'node=~"edge-1"' in expression
        count = int((window.end - window.start) / window.step)
        rates = {"seconds": 40 / 60, "stalls": 10 / 60, "sessions": 6 / 60}
        return [
            Series({"__name__": RATES[part]}, [(window.start + window.step * place, rate) for place in range(count)])
            for part, rate in rates.items()
        ]


def test_stalls_are_what_a_loss_of_quality_costs() -> None:
    scope = Scope(START, frozenset({"edge-1"}))
    found = impact(Stalling(known=False), scope, START + timedelta(minutes=3))
    assert found is not None
    assert found.stalls is not None
    assert asdict(found.stalls) == pytest.approx({"seconds": 120, "stalls": 30, "sessions": 18})
    words = Words("en", START.tzinfo)  # type: ignore[arg-type]
    assert impact_words.sentences(found, words) == [
        "Stalls of players since 22.01.2026 03:00:00: 30, 4 s each on average; sessions that stalled for the first "
        "time: 18."
    ]
    assert impact_words.short(found, words) == "stalls: 30, 4 s each"
    assert impact_words.fields(found)["stalls.seconds"] == pytest.approx(120)
    assert rank(found) is None


def test_no_series_is_no_figure() -> None:
    assert impact(Recorded(known=False), Scope(START, frozenset({"edge-1"})), START) is None
    assert rank(None) is None
    assert impact_words.fields(None) == {}


def ranks(room: Hall) -> list[tuple[int, float | None]]:
    with room.runtime.database.read() as connection:
        return [(row[0], row[1]) for row in connection.execute(text("SELECT id, impact_rank FROM ticket ORDER BY id"))]


def test_the_queue_the_page_and_the_api_tell_it(control_room: Hall, tmp_path: Path) -> None:
    correlating(control_room)
    control_room.alarm(node="origin-1", alertname="NodeDiskFull", layer="node", title="a disk")
    control_room.alarm(node="edge-1", layer="node", service_affecting="yes", title="edge-1 is down")
    correlator = control_room.machine.app.state.correlator
    shift = control_room.now - START

    class Shifted(Recorded):
        def value(self, expression: str, at: float) -> float | None:
            return super().value(expression, at - shift.total_seconds() + 60)

    control_room.now += timedelta(seconds=60)
    database = control_room.runtime.database
    assert look(database, correlator.topology, Shifted, control_room.now) == 2
    assert ranks(control_room) == [(1, None), (2, 50.0)]
    assert look(database, correlator.topology, Shifted, control_room.now) == 0  # not before some seconds passed
    reader = control_room.person()
    assert "Viewers just before" in reader.get("/ticket/2").text
    assert "Viewers just before" not in reader.get("/ticket/1").text
    queue = reader.get("/").text
    assert "viewers without service: up to 50" in queue
    assert queue.index("edge-1 is down") < queue.index("a disk")
    body = control_room.machine.get("/tmf-api/troubleTicket/v5/troubleTicket/2").json()
    found = {one["name"]: one["value"] for one in body["troubleTicketCharacteristic"]}
    assert (found["impact.viewers.before"], found["impact.viewers.at_most"]) == (100, 50)
    control_room.now += timedelta(seconds=20)
    assert look(database, correlator.topology, lambda: Recorded(refuses=True), control_room.now) == 2
    assert ranks(control_room) == [(1, None), (2, 50.0)]

    def down() -> Recorded:
        raise PrometheusUnavailableError("prometheus", "down")

    control_room.now += timedelta(seconds=20)
    with pytest.raises(OSError, match="down"):
        look(database, correlator.topology, down, control_room.now)
