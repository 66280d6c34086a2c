"""The streams as a source of the agent: one thread, one event loop, one task a channel, one budget for all."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from agent.sources.kind import Context
from agent.sources.media import Media
from agent.sources.streams.fetch import Budget, Fetcher
from agent.sources.streams.probe import Channel
from agent.sources.streams.settings import StreamBudget, StreamSettings
from service.metric import Sample
from service.setting_types import check_url
from service.settings import Fault, SettingsError

log = logging.getLogger("agent.sources.streams")


class StreamSource:
    """Probes every [[stream]]; implements `agent.runtime.collector.Source`."""

    name = "streams"

    def __init__(
        self,
        channels: Sequence[tuple[StreamSettings, str]],
        budget: StreamBudget,
        clock: Callable[[], float],
        media: Media | None = None,
    ) -> None:
        """Take each channel's settings with its address, and who takes what the picture checks look into."""
        self._channels = [Channel(settings, url, clock, media=media) for settings, url in channels]
        self._budget = budget
        self._results: dict[str, Sequence[Sample]] = {}  # replaced whole, so that a scrape needs no lock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._started = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to probe; return at once."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Break off the probes under way and end the thread."""
        if self._thread is None:
            return
        self._started.wait()
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def samples(self) -> Iterable[Sample]:
        """Return every channel's last figures; raise OSError when nothing probes any more."""
        if self._thread is None or not self._thread.is_alive():
            raise OSError("the probes have stopped")
        return [sample for samples in tuple(self._results.values()) for sample in samples]

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._started.set()
        places = asyncio.Semaphore(self._budget.concurrency)
        async with Fetcher(Budget(self._budget.requests_per_second), self._budget.concurrency) as fetcher:
            tasks = [
                asyncio.create_task(self._repeat(channel, index / len(self._channels), fetcher, places))
                for index, channel in enumerate(self._channels)
            ]
            await self._stop.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, channel: Channel, phase: float, fetcher: Fetcher, places: asyncio.Semaphore) -> None:
        """Probe at every interval, the channels spread over it; a probe that takes longer lets its turns pass."""
        interval = channel.settings.interval
        loop = asyncio.get_running_loop()
        due = loop.time() + phase * interval
        self._publish(channel)
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            async with places:
                await self._probe(channel, fetcher)
            due = max(due + interval, loop.time())

    async def _probe(self, channel: Channel, fetcher: Fetcher) -> None:
        up, before = channel.up, channel.faults.keys()
        try:
            await channel.probe(fetcher)
        except Exception:
            # One channel's surprise must not end the others; its figures go, so that nobody takes them for news.
            log.exception("probe failed", extra={"channel": channel.settings.channel})
            self._results = {
                name: samples for name, samples in self._results.items() if name != channel.settings.channel
            }
            return
        self._publish(channel)
        if channel.faults.keys() != before or channel.up != up:
            _tell(channel)

    def _publish(self, channel: Channel) -> None:
        self._results = {**self._results, channel.settings.channel: tuple(channel.samples())}


def _tell(channel: Channel) -> None:
    """Log a change of the channel's state, once."""
    name, faults = channel.settings.channel, channel.faults
    if faults:
        fields = {"reasons": ", ".join(sorted(faults)), "detail": "; ".join(dict.fromkeys(faults.values()))}
        log.warning("channel has faults", extra={"channel": name, "up": channel.up, **fields})
    else:
        log.info("channel is fine", extra={"channel": name})


def address(settings: StreamSettings) -> str:
    """Return the channel's URL, from its secret if it stands there; raise OSError or ValueError."""
    if isinstance(settings.url, str):
        return settings.url
    url = settings.url.read()
    try:
        check_url(url)
    except ValueError as error:
        raise ValueError(f"the URL in the secret {error}") from None
    return url


def collectors(tables: Sequence[StreamSettings], budget: StreamBudget, context: Context) -> list[StreamSource]:
    """Return the one source that probes all channels; raise SettingsError with each address that cannot be read."""
    faults, channels = [], []
    for number, stream in enumerate(tables, 1):
        try:
            channels.append((stream, address(stream)))
        except (OSError, ValueError) as error:
            faults.append(Fault(context.file, f"stream[{number}].url", str(error)))
    if faults:
        raise SettingsError(faults)
    return [StreamSource(channels, budget, context.clock, context.media)]
