"""Many channels from one agent: the budget holds, a hung channel holds up nobody, and stopping is quick."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from agent.sources.streams.probe import Channel
from agent.sources.streams.settings import StreamBudget, StreamSettings
from agent.sources.streams.source import StreamSource
from service.settings import Seconds
from tests.contract.web import Answering, web
from tests.unit.streams.media import programme

SEGMENT = programme(20)


class Edge(NamedTuple):
    """A server that remembers when it was asked, and how many requests it had at one time."""

    port: int
    asked: list[float]
    at_once: list[int]
    release: threading.Event

    def channel(self, name: str, **settings: float) -> tuple[StreamSettings, str]:
        url = f"http://127.0.0.1:{self.port}/{name}/index.m3u8"
        seconds: dict[str, Any] = {key: Seconds(value) for key, value in settings.items()}
        return StreamSettings(name, url, **{"interval": Seconds(1.0), **seconds}), url


@pytest.fixture
def edge() -> Iterator[Edge]:
    lock, release = threading.Lock(), threading.Event()
    asked: list[float] = []
    at_once: list[int] = []
    running = 0

    class Handler(Answering):
        def do_GET(self) -> None:  # noqa: N802 - http.server's name
            nonlocal running
            with lock:
                running += 1
                asked.append(time.monotonic())
                at_once.append(running)
            try:
                if self.path.startswith("/hung"):
                    release.wait(30)
                self.show()
            finally:
                with lock:
                    running -= 1

        def show(self) -> None:
            playlist = self.path.endswith("m3u8")
            newest = int(time.time())
            text = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{newest}\n#EXTINF:1,\n{newest}.ts\n"
            body = text.encode() if playlist else SEGMENT
            self.answer(body, content_type="application/x-mpegurl" if playlist else "video/mp2t")

    with web(Handler) as address:
        try:
            yield Edge(int(address.rpartition(":")[2]), asked, at_once, release)
        finally:
            release.set()


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def ups(source: StreamSource) -> dict[str, float]:
    return {
        sample.labels[0]: float(str(sample.value))
        for sample in source.samples()
        if sample.metric.name == "ott_stream_up"
    }


def test_requests_are_spaced_by_the_budget_and_few_at_one_time(edge: Edge) -> None:
    channels = [edge.channel(f"c{number}", segment_interval=10.0) for number in range(20)]
    source = StreamSource(channels, StreamBudget(requests_per_second=40.0, concurrency=3), time.time)
    began = time.monotonic()
    source.start()
    try:
        wait_until(lambda: len(edge.asked) >= 80)
    finally:
        source.stop()
    assert max(edge.at_once) <= 3
    for number, moment in enumerate(edge.asked):
        # Forty requests a second from the start; a busy machine only makes them later, never earlier.
        assert moment - began > number / 40 - 0.001


def test_a_hung_channel_holds_up_nobody(edge: Edge) -> None:
    channels = [edge.channel("hung", deadline=1.0), edge.channel("fine")]
    source = StreamSource(channels, StreamBudget(concurrency=2), time.time)
    source.start()
    try:
        wait_until(lambda: ups(source) == {"hung": 0.0, "fine": 1.0})
        reasons = {
            sample.labels[1]: sample.value
            for sample in source.samples()
            if sample.metric.name == "ott_stream_errors_total" and sample.labels[0] == "hung" and sample.value
        }
        assert reasons.keys() == {"playlist_timeout"}
    finally:
        source.stop()


def test_stopping_breaks_off_what_is_under_way(edge: Edge) -> None:
    source = StreamSource([edge.channel("hung", deadline=20.0)], StreamBudget(), time.time)
    source.start()
    wait_until(lambda: len(edge.asked) == 1)
    began = time.monotonic()
    source.stop()
    assert time.monotonic() - began < 10, "stopping waited for the channel's deadline"
    with pytest.raises(OSError, match="the probes have stopped"):
        source.samples()


def test_before_its_first_probe_a_channel_has_no_state_but_its_counters(edge: Edge) -> None:
    source = StreamSource([edge.channel("hung", deadline=20.0)], StreamBudget(), time.time)
    source.start()
    try:
        wait_until(lambda: len(edge.asked) == 1)
        samples = list(source.samples())
    finally:
        source.stop()
    assert {sample.metric.name for sample in samples} == {"ott_stream_errors_total"}
    assert {sample.value for sample in samples} == {0}


def test_a_bug_in_one_channel_ends_neither_the_others_nor_its_own_next_probe(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    probe = Channel.probe
    broken = threading.Event()
    broken.set()

    async def breaking(channel: Channel, fetcher: object) -> None:
        if channel.settings.channel == "bad" and broken.is_set():
            raise RuntimeError("an unexpected case")
        await probe(channel, fetcher)  # type: ignore[arg-type]

    monkeypatch.setattr(Channel, "probe", breaking)
    source = StreamSource([edge.channel("bad"), edge.channel("fine")], StreamBudget(), time.time)
    source.start()
    try:
        wait_until(lambda: ups(source) == {"fine": 1.0} and "an unexpected case" in caplog.text)
        broken.clear()
        wait_until(lambda: ups(source) == {"bad": 1.0, "fine": 1.0})
    finally:
        source.stop()
