"""When a segment is fetched, by looks that come a little early or late, and what is done where it is not there yet."""

import asyncio
import random
from typing import Any, cast

import pytest

from agent.sources.streams.content import Remark
from agent.sources.streams.cookies import Cookies
from agent.sources.streams.fetch import Answer, Fetcher, FetchError, Taker, Trouble
from agent.sources.streams.journal import Journal
from agent.sources.streams.live import Live, Resource, Segment
from agent.sources.streams.loader import Loader
from agent.sources.streams.reasons import Fault, Reason
from agent.sources.streams.rendition import Rendition
from agent.sources.streams.settings import StreamSettings
from service.settings import Seconds


class Edge:
    """A fetcher whose edge has every segment but some."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.missing: set[str] = set()
        self.now = 1000.0
        self.loader = Loader(lambda: self.now, Cookies(), Journal())

    async def get(self, url: str, taker: Taker, **_: Any) -> float:
        self.asked.append(url)
        if url in self.missing:
            raise FetchError(Trouble.MISSING, "answered 404")
        taker.head(Answer(url, 200, "video/mp2t"))
        taker.piece(b"x" * 16)
        return 0.1

    def look(self, rendition: Rendition, live: Live) -> list[Remark]:
        found: list[Remark] = []
        self.asked.clear()
        asyncio.run(rendition.look(cast("Fetcher", self), self.loader, live, found))
        return found


def segment(number: int) -> Segment:
    return Segment(number, Resource((f"{number}",)), 4.0, "opaque")


def live_of(number: int, *, declared: bool = True) -> Live:
    segments = (segment(number), segment(number - 2))
    return Live(number - 4, number, segments, None, 4.0, 6.0, declared=declared)


def rendition_of(edge: Edge, interval: float = 4.0, segment_interval: float = 4.0) -> Rendition:
    settings = StreamSettings("a", "http://e/", Seconds(interval), Seconds(segment_interval))
    return Rendition("v", settings, lambda: edge.now)


@pytest.mark.parametrize(
    ("interval", "segment_interval", "looks_between"), [(2.0, 2.0, 1), (4.0, 12.0, 3), (4.0, 10.0, 3), (5.0, 12.0, 3)]
)
def test_segments_are_fetched_at_the_looks_that_are_due(
    interval: float, segment_interval: float, looks_between: int
) -> None:
    chance, edge = random.Random(5), Edge()
    rendition = rendition_of(edge, interval, segment_interval)
    asked = []
    for number in range(60):
        edge.now = 1000.0 + number * interval + chance.uniform(0, 0.02)
        edge.look(rendition, Live(number, number, (segment(number),), None, 4.0, 6.0))
        asked += edge.asked
    assert asked == [str(number) for number in range(0, 60, looks_between)]


def test_a_segment_that_is_listed_too_early_is_a_remark_and_is_looked_at_again() -> None:
    edge = Edge()
    rendition = rendition_of(edge)
    edge.missing = {"10"}
    found = edge.look(rendition, live_of(10))
    assert (edge.asked, [remark.reason for remark in found]) == (["10", "8"], [Reason.SEGMENT_EARLY])
    edge.now += 4
    assert edge.look(rendition, live_of(11)) == []
    assert edge.asked == ["11"]  # players have not come to 10 yet
    edge.now += 4
    edge.missing.clear()
    assert edge.look(rendition, live_of(12)) == []
    assert edge.asked == ["10", "12"]


def test_a_segment_that_never_comes_stops_players_when_they_reach_it() -> None:
    edge = Edge()
    rendition = rendition_of(edge)
    edge.missing = {"10"}
    edge.look(rendition, live_of(10))
    edge.now += 8
    with pytest.raises(Fault) as caught:
        edge.look(rendition, live_of(12))
    assert caught.value.reason is Reason.SEGMENT_MISSING
    edge.now += 4
    assert edge.look(rendition, live_of(13)) == []


def test_a_channel_without_the_segment_to_begin_with_is_down() -> None:
    edge = Edge()
    edge.missing = {"10", "8"}
    with pytest.raises(Fault, match="segment 10 of v: answered 404"):
        edge.look(rendition_of(edge), live_of(10))


def test_a_formula_that_promises_too_early_is_followed_behind_its_delay() -> None:
    edge = Edge()
    rendition = rendition_of(edge)
    edge.missing = {str(number) for number in range(10, 99)}
    edge.look(rendition, live_of(10, declared=False))
    edge.now += 4
    edge.missing -= {"10"}
    assert edge.look(rendition, live_of(11, declared=False)) == []
    assert edge.asked == ["9"]
    assert rendition.live is not None
    assert rendition.live.newest == 9


def test_a_playlist_of_gaps_has_nothing_to_play() -> None:
    edge = Edge()
    with pytest.raises(Fault, match="marked as a gap"):
        edge.look(rendition_of(edge), Live(1, 3, (), None, 4.0, 6.0))
