"""When a segment is fetched, by looks that come a little early or late."""

import asyncio
import random
from typing import Any, cast

import pytest

from agent.sources.streams.fetch import Answer, Fetcher, Taker
from agent.sources.streams.live import Live, Segment
from agent.sources.streams.rendition import Rendition
from agent.sources.streams.settings import StreamSettings
from service.settings import Seconds


class Edge:
    """A fetcher whose edge has every segment."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, url: str, taker: Taker, **_: Any) -> float:
        self.asked.append(url)
        taker.head(Answer(url, 200, "video/mp2t"))
        taker.piece(b"x" * 16)
        return 0.1


@pytest.mark.parametrize(
    ("interval", "segment_interval", "looks_between"), [(2.0, 2.0, 1), (4.0, 12.0, 3), (4.0, 10.0, 3), (5.0, 12.0, 3)]
)
def test_segments_are_fetched_at_the_looks_that_are_due(
    interval: float, segment_interval: float, looks_between: int
) -> None:
    chance = random.Random(5)
    now, edge = 0.0, Edge()
    settings = StreamSettings("a", "http://e/", Seconds(interval), Seconds(segment_interval))
    rendition = Rendition(settings, lambda: now)
    for number in range(60):
        now = 1000.0 + number * interval + chance.uniform(0, 0.02)
        live = Live(number, number, Segment(number, f"{number}", 4.0, "opaque"), None, 4.0, 6.0)
        asyncio.run(rendition.look(cast("Fetcher", edge), live, []))
    assert edge.asked == [str(number) for number in range(0, 60, looks_between)]
