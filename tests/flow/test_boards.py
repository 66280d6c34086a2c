"""The boards over the running demo: no panel is empty while a node is down and its ticket open, in either language."""

import time
from collections.abc import Iterator

import pytest

from dashboards import build, live
from dashboards.boards import BOARDS
from dashboards.check import panels
from dashboards.context import Local, context
from dashboards.model import Board
from dashboards.words import LANGUAGES
from demo.processes import wait_until
from demo.stack import Stack

# Even with a ticket open nothing is an answer to these: no stream failed, no capacity runs out within three years, and
# the node that the node board opens with is not the one that is down.
MAY_BE_EMPTY = {
    ("ott-streams", "Faults in the last hour"),
    ("ott-busy-hour", "When 70 % is reached"),
    ("ott-node", "Active alarms"),
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the demo, kill a node, and wait until every panel's metric has been there for a rate's window."""
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
            lambda: has("ott_stream_segment_download_seconds and on () ott_busy_hour_value"),
            90,
            "no probe and no busy hour",
        )
        # Panels with points half a minute apart have one by then.
        wait_until(lambda: has('count_over_time(up{job="ott-agent"}[2m]) > 6'), 60, "no half minute of scrapes")
        stack.break_("edge-2")
        # Points of a course lie on multiples of its step, up to a step before now.
        wait_until(lambda: has("ott_desk_ticket_deadline_timestamp_seconds offset 15s"), 60, "no ticket")
        wait_until(lambda: has("rate(ott_desk_webhook_alerts_total[20s] offset 10s)"), 60, "no rate of alerts")
        yield address


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_query_of_every_panel_returns_data(address: str, board: Board) -> None:
    prometheus = live.connect(address, time.time())
    try:
        for language in LANGUAGES:
            built = build.render(board, context(language, Local()))
            built["time"]["from"] = "now-15m"  # a demo a minute old has no point on a board of a day
            english = build.render(board, context("en", Local()))
            answers = list(live.ask(prometheus, built))
            titles = dict(zip(_titles(built), _titles(english), strict=True))
            empty = [
                str(answer)
                for answer in answers
                if answer.fails(strict=True) and (english["uid"], titles[answer.panel]) not in MAY_BE_EMPTY
            ]
            assert empty == []
    finally:
        prometheus.client.close()


def test_a_ticket_is_marked_on_every_board_under_its_own_node(address: str) -> None:
    prometheus = live.connect(address, time.time())
    try:
        for board in BOARDS:
            mark = build.render(board, context("en", Local()))["annotations"]["list"][0]
            marked = prometheus.get("query", query=mark["expr"], time=prometheus.now)["result"]
            assert "edge-2" in {one["metric"].get("node") for one in marked}
    finally:
        prometheus.client.close()


def _titles(board: live.Json) -> list[str]:
    return [panel["title"] for panel in panels(board)]
