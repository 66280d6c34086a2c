"""The multicast probe as a source of the agent: one thread that receives all channels five times a second.

What is pulled comes from threads of its own, and is judged here with the others.
"""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from agent.sources.kind import Context
from agent.sources.media import Media
from agent.sources.multicast import figures, metrics
from agent.sources.multicast.analysis import Analysis
from agent.sources.multicast.connection import opened
from agent.sources.multicast.join import receiver
from agent.sources.multicast.pull import Pull, datagrams
from agent.sources.multicast.receive import Receiver
from agent.sources.multicast.settings import MulticastReceiver, MulticastSettings
from service.metric import Sample

if TYPE_CHECKING:
    import socket

log = logging.getLogger("agent.sources.multicast")

_TURN = 0.2  # seconds
_RETRY = 10.0  # seconds until a group that could not be joined is tried again
_EXTRA_FETCHES = 50  # in one turn, for channels that hold more than one fetch takes


class MulticastSource:
    """Receives every `[[multicast]]`; implements `agent.runtime.collector.Source`."""

    name = "multicast"

    def __init__(
        self, channels: Sequence[MulticastSettings], limits: MulticastReceiver, media: Media | None = None
    ) -> None:
        self._channels, self._limits = channels, limits
        self._analysis = Analysis(channels, lambda: time.monotonic() - time.time(), media)
        self._sockets: dict[int, socket.socket] = {}
        self._pulls = {
            index: Pull(table.channel, partial(opened, table.url)) for index, table in enumerate(channels) if table.url
        }
        self._reasons: dict[int, str] = {}
        self._samples: Sequence[Sample] | None = None  # replaced whole, so that a scrape needs no lock
        self._asked = threading.Event()
        self._answered = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Join the groups, connect and begin to receive; return at once."""
        for pull in self._pulls.values():
            pull.start()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave the groups, end the connections and the threads."""
        self._stopped.set()
        if self._thread is not None:
            for pull in self._pulls.values():
                pull.stop()
            self._thread.join()

    def samples(self) -> Iterable[Sample]:
        """Return the figures after the turn under way; raise OSError when nothing receives any more."""
        self._answered.clear()
        self._asked.set()
        if self._thread is None or not self._answered.wait(2.0) or self._samples is None:
            raise OSError("the multicast probe has stopped, or takes more than 2 s for a turn")
        return self._samples

    def _run(self) -> None:
        try:
            self._receive()
        except Exception:
            log.exception("multicast probe ended")
        finally:
            self._samples = None
            self._answered.set()
            for channel in self._sockets.values():
                channel.close()

    def _receive(self) -> None:
        block = Receiver()
        retry = due = time.monotonic()
        while not self._stopped.wait(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            due = max(due + _TURN, now)
            if now >= retry:
                self._join()
                retry = now + _RETRY
            self._fetch(block)
            self._pulled()
            self._analysis.tick(time.monotonic())
            if self._asked.is_set():
                self._asked.clear()
                self._samples = list(self._figures())
                self._answered.set()

    def _fetch(self, block: Receiver) -> None:
        waiting = [(index, channel.fileno()) for index, channel in self._sockets.items()]
        for _ in range(_EXTRA_FETCHES):
            datagrams = block.fetch(waiting)
            self._analysis.take(datagrams)
            if not datagrams.full:
                return
            waiting = [(index, self._sockets[index].fileno()) for index in datagrams.full]

    def _pulled(self) -> None:
        now = time.monotonic()
        found = datagrams([(index, pull.due(now)) for index, pull in self._pulls.items()], time.time() - now)
        if found is not None:
            self._analysis.take(found)

    def _join(self) -> None:
        """Open the sockets that are not open; log each new reason once."""
        for index, settings in enumerate(self._channels):
            if index in self._sockets or settings.url:
                continue
            try:
                self._sockets[index] = receiver(settings, self._limits.buffer)
            except OSError as error:
                if self._reasons.get(index) != str(error):
                    self._reasons[index] = str(error)
                    log.warning("channel cannot be joined", extra={"channel": settings.channel, "reason": str(error)})
            else:
                if self._reasons.pop(index, None) is not None:
                    log.info("channel joined", extra={"channel": settings.channel})

    def _figures(self) -> Iterable[Sample]:
        offset = time.time() - time.monotonic()
        for index, channel in enumerate(self._analysis.channels):
            if index in self._sockets or (index in self._pulls and not self._pulls[index].hindered):
                yield from figures.samples(channel, index, self._analysis.pids, offset)
            else:
                yield metrics.TS_JOINED.sample(0, channel.settings.channel)
                yield metrics.TS_UP.sample(0, channel.settings.channel)


def collectors(
    tables: Sequence[MulticastSettings],
    limits: MulticastReceiver,
    context: Context,
) -> list[MulticastSource]:
    """Return the one source that receives all channels."""
    return [MulticastSource(tables, limits, context.media)]
