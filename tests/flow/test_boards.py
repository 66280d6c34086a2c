"""The boards over the running demo: no panel is empty, in either language, whatever is chosen at the head of a board.

A node is down, its ticket is open, and the packager stood still for a while: every panel has something to show.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dashboards import build, live, macros
from dashboards.boards import BOARDS
from dashboards.context import Local, context
from dashboards.model import Board
from dashboards.preview.browser import Colours, Sheet, draw
from dashboards.preview.recording import record
from dashboards.words import LANGUAGES, Language
from demo.processes import wait_until
from demo.stack import Stack

pytestmark = pytest.mark.timeout(600)  # for the start of the demo, and for all the pictures

BROKEN = "edge-2"
SCREENS: tuple[tuple[Colours, int], ...] = (("dark", 1280), ("light", 1920))
# What the machine under the demo may not have. The panels say so then, in words of their own.
PARTS = re.compile(r"node_(md|hwmon|bonding|nf_conntrack)_|ott_bonding_")
SINCE = "15m"  # a demo a minute old has no point on a board of a day


Recordings = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Demo:
    """The address of the demo's Prometheus, and what the dashboards were answered before anything broke."""

    address: str
    healthy: Recordings


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start the demo, break what makes alarms and faults, and wait until every panel's metric is there to be rated."""
    with Stack(tmp_path_factory.mktemp("demo") / "stack", print) as stack:
        address = stack.layout.url("prometheus")

        def has(query: str) -> bool:
            prometheus = live.connect(address, time.time())
            try:
                return bool(prometheus.get("query", query=query, time=prometheus.now)["result"])
            except OSError:
                return False
            finally:
                prometheus.client.close()

        wait_until(
            lambda: has("ott_stream_segment_download_seconds and on () ott_capacity_exhaustion_timestamp_seconds"),
            120,
            "no probe and no forecast",
        )
        wait_until(lambda: has("ott_audio_loudness_short_term_lufs"), 120, "no sound by multicast")
        # Panels with points half a minute apart have one by then.
        wait_until(lambda: has('count_over_time(up{job="ott-agent"}[2m]) > 6'), 60, "no half minute of scrapes")
        wait_until(
            lambda: has("rate(ott_desk_webhook_alerts_total[20s] offset 10s)"), 90, "no sign of life at the desk"
        )
        # Closed minutes are counted, and the billing's courses have a point every other minute.
        wait_until(
            lambda: has("rate(ott_billing_outside_bundle_amount_minor_total[125s] offset 2m)"), 300, "no use is charged"
        )
        healthy = recordings(address)
        stack.break_(BROKEN)
        stack.break_("packager")
        wait_until(lambda: has("increase(ott_stream_errors_total[1h]) > 0"), 60, "no fault of a stream")
        stack.repair("packager")
        # Points of a course lie on multiples of its step, up to a step before now.
        wait_until(lambda: has("ott_desk_ticket_deadline_timestamp_seconds offset 15s"), 60, "no ticket")
        wait_until(lambda: has("rate(ott_desk_webhook_alerts_total[20s] offset 10s)"), 60, "no rate of alerts")
        yield Demo(address, healthy)


@pytest.fixture
def prometheus(demo: Demo) -> Iterator[live.Prometheus]:
    prometheus = live.connect(demo.address, time.time())
    yield prometheus
    prometheus.client.close()


def rendered(board: Board, language: Language) -> dict[str, Any]:
    """Return a dashboard that looks back no further than the demo can."""
    built = build.render(board, context(language, Local()))
    built["time"]["from"] = f"now-{SINCE}"
    return built


def recordings(address: str) -> Recordings:
    """Return what each dashboard is answered now."""
    prometheus = live.connect(address, time.time())
    try:
        return {board.name: record(prometheus, rendered(board, "en")) for board in BOARDS}
    finally:
        prometheus.client.close()


@pytest.mark.parametrize("choice", ["default", "several"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_query_of_every_panel_returns_data(
    prometheus: live.Prometheus, board: Board, language: Language, choice: str
) -> None:
    built = rendered(board, language)
    choices = live.several(prometheus, built) if choice == "several" else {}
    answers = live.ask(prometheus, built, choices)
    assert [str(answer) for answer in answers if answer.fails(strict=not PARTS.search(answer.expr))] == []


def test_the_board_of_the_broken_node_names_its_alarm(prometheus: live.Prometheus) -> None:
    board = next(board for board in BOARDS if board.name == "node")
    built = build.render(board, context("en", Local()))
    answers = {answer.panel: answer for answer in live.ask(prometheus, built, {"node": BROKEN})}
    assert "NodeDown" in {one["metric"]["alertname"] for one in answers["What is wrong now?"].series}
    assert [one["value"][1] for one in answers["State"].series] == ["4"]


def test_a_stream_that_stood_still_is_named_with_its_fault(prometheus: live.Prometheus) -> None:
    board = next(board for board in BOARDS if board.name == "streams")
    built = build.render(board, context("en", Local()))
    (faults,) = (
        answer for answer in live.ask(prometheus, built) if answer.panel == "What went wrong in the last hour?"
    )
    assert "playlist_stalled" in {one["metric"]["reason"] for one in faults.series}
    assert all("channel" in one["metric"] and float(one["value"][1]) > 0 for one in faults.series)


def test_no_capacity_alarm_is_on_its_way(prometheus: live.Prometheus) -> None:
    pending = prometheus.get("query", query='ALERTS{component="capacity"}', time=prometheus.now)["result"]
    assert pending == []


def test_a_ticket_is_marked_on_every_board_under_its_own_node(prometheus: live.Prometheus) -> None:
    for board in BOARDS:
        mark = build.render(board, context("en", Local()))["annotations"]["list"][0]
        query = macros.expand(mark["expr"], {"node": BROKEN})
        marked = prometheus.get("query", query=query, time=prometheus.now)["result"]
        assert BROKEN in {one["metric"].get("node") for one in marked}


def test_nothing_is_wrong_with_what_grafanas_components_draw(demo: Demo) -> None:
    """Healthy and broken, in both languages, and on a small dark screen and a large light one."""
    sheets = [
        Sheet(rendered(board, language), state[board.name], colours, width)
        for state in (demo.healthy, recordings(demo.address))
        for board in BOARDS
        for language in LANGUAGES
        for colours, width in SCREENS
    ]
    drawn = draw(sheets)
    findings = "\n".join(str(finding) for one in drawn for finding in one.findings)
    assert not findings
    assert {panel["drawn"] for one in drawn for panel in one.panels} == {"own", "parts"}
