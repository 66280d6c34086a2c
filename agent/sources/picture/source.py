"""The picture checks as a source of the agent: pieces come from the probes' threads, go to decoding processes, and come
back as moments."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from agent.runtime.collector import Page
from agent.sources.kind import Context
from agent.sources.media import Delivery, Media, Piece
from agent.sources.picture import metrics
from agent.sources.picture.decoder import Decoder, DecoderError
from agent.sources.picture.kept import Pictures
from agent.sources.picture.message import Limits, Task
from agent.sources.picture.pages import page
from agent.sources.picture.settings import EVERY, PictureDecoder, PictureSettings
from agent.sources.picture.state import WayState
from service.metric import Sample

log = logging.getLogger("agent.sources.picture")

_MOST_WAITING = 64 << 20  # bytes that wait for one decoder; beyond, the oldest go
_PENALTY = 60.0  # seconds for which a channel is left alone that has ended its decoder
_MOST_CHANNELS = 2000  # that come under "*"

Way = tuple[str, Delivery]


class _Lane:
    """The pieces that wait for one decoding process."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self._waiting: deque[Piece] = deque()
        self._size = 0
        self._changed = threading.Condition()
        self._stopped = False

    def put(self, piece: Piece) -> list[Piece]:
        """Add a piece; return those that had to go for it."""
        dropped = []
        with self._changed:
            self._waiting.append(piece)
            self._size += len(piece.data)
            while self._size > _MOST_WAITING:
                dropped.append(self._waiting.popleft())
                self._size -= len(dropped[-1].data)
            self._changed.notify()
        return dropped

    def get(self) -> Piece | None:
        """Return the next piece; None after `stop`."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped)
            if self._stopped:
                return None
            piece = self._waiting.popleft()
            self._size -= len(piece.data)
            return piece

    def stop(self) -> None:
        """Hand out no more pieces."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self.decoder.stop()


class PictureSource:
    """Looks into every channel that a `[[picture]]` names; implements `agent.runtime.collector.Source`."""

    name = "picture"

    def __init__(self, tables: Sequence[PictureSettings], limits: PictureDecoder, media: Media) -> None:
        self._tables: Mapping[str, PictureSettings] = {table.channel: table for table in tables}
        self._kept = limits.pictures, limits.fault_pictures
        told = Limits(limits.memory, limits.most_pixels, limits.pictures > 0)
        self._lanes = [_Lane(Decoder(told)) for _ in range(limits.processes)]
        self._ways: dict[Way, WayState] = {}
        self._gap: set[Way] = set()  # of which a piece was lost, so that the next does not follow the last
        self._left_alone: dict[Way, float] = {}  # until when, monotonic
        self._restarts = 0
        self._lock = threading.Lock()  # guards the tables of ways
        self._stopped = False
        self._threads: list[threading.Thread] = []
        media.listen(self.wanted, self.take)

    def start(self) -> None:
        """Begin to look; return at once."""
        for number, lane in enumerate(self._lanes):
            thread = threading.Thread(target=self._run, args=[lane], name=f"{self.name}-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the decoding processes and the threads."""
        self._stopped = True
        for lane in self._lanes:
            lane.stop()
        for thread in self._threads:
            thread.join()

    def samples(self) -> Iterable[Sample]:
        """Return every channel's figures; raise OSError when nothing decodes any more."""
        if not self._threads or not all(thread.is_alive() for thread in self._threads):
            raise OSError("the picture checks have stopped")
        with self._lock:
            ways = list(self._ways.values())
        return [
            metrics.PICTURE_RESTARTS.sample(self._restarts),
            *(sample for way in ways for sample in way.samples()),
        ]

    def page(self, path: str) -> Page | None:
        """Return the list of pictures or one of them; implements `agent.runtime.collector.PageSource`."""
        with self._lock:
            kept = {way: state.pictures.kept() for way, state in self._ways.items()}
        return page(path, {way: pictures for way, pictures in kept.items() if pictures.last})

    def wanted(self, channel: str) -> bool:
        """Return whether the settings ask for the channel."""
        table = self._tables.get(channel) or self._tables.get(EVERY)
        return table is not None and table.enabled and not self._stopped

    def take(self, piece: Piece) -> None:
        """Take a piece from a probe's thread."""
        way: Way = piece.channel, piece.delivery
        state = self._state(way)
        if state is None:
            return
        if piece.obstacle:
            state.blocked(piece.obstacle)
            return
        with self._lock:
            if self._left_alone.get(way, 0.0) > time.monotonic():
                state.outcomes["dropped"] += 1
                self._gap.add(way)
                return
            piece = piece._replace(follows=piece.follows and way not in self._gap)
            self._gap.discard(way)
        lane = self._lanes[hash(piece.channel) % len(self._lanes)]
        for lost in lane.put(piece):
            self._lose((lost.channel, lost.delivery))

    def _state(self, way: Way) -> WayState | None:
        """Return the state of a way, which it gets if it has none; None where there are too many."""
        with self._lock:
            state = self._ways.get(way)
            if state is None and len(self._ways) < 2 * _MOST_CHANNELS:
                table = self._tables.get(way[0]) or self._tables[EVERY]
                state = self._ways[way] = WayState(table, *way, Pictures(*self._kept))
            return state

    def _lose(self, way: Way) -> None:
        with self._lock:
            self._ways[way].outcomes["dropped"] += 1
            self._gap.add(way)

    def _run(self, lane: _Lane) -> None:
        try:
            while (piece := lane.get()) is not None:
                self._examine(lane.decoder, piece)
        except Exception:
            log.exception("picture checks ended")
        finally:
            lane.decoder.close()

    def _examine(self, decoder: Decoder, piece: Piece) -> None:
        way: Way = piece.channel, piece.delivery
        key = f"{piece.delivery} {piece.channel}"
        task = Task(key, piece.rendition, piece.container, piece.data, piece.arrived, piece.follows)
        try:
            findings = decoder.examine(task)
        except DecoderError as error:
            if self._stopped:
                return
            # The next channel gets another process; this one must not end that as well.
            log.warning(
                "decoder failed", extra={"channel": piece.channel, "delivery": piece.delivery, "reason": str(error)}
            )
            with self._lock:
                self._restarts += 1
                self._ways[way].outcomes["fatal"] += 1
                self._left_alone[way] = time.monotonic() + _PENALTY
                self._gap.add(way)
            return
        self._ways[way].take(findings, piece.rendition, piece.arrived)


def collectors(tables: Sequence[PictureSettings], limits: PictureDecoder, context: Context) -> list[PictureSource]:
    """Return the one source that looks into all channels; raise ModuleNotFoundError without its libraries."""
    import av  # noqa: F401, PLC0415 - only the decoding process uses it, and without it that would end at once

    return [PictureSource(tables, limits, context.media)]
