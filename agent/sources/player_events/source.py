"""The collector of players' events of one service."""

import logging
import threading
from collections.abc import Iterable

from agent.runtime.collector import Clock
from agent.sources.kind import Context
from agent.sources.player_events.quality import EventQuality
from agent.sources.player_events.server import EventServer
from agent.sources.player_events.settings import PlayerEventsSettings
from service.metric import Sample

log = logging.getLogger("agent.sources.player_events")

_BURST = 2.0  # seconds of the rate that may come at once


class PlayerEventsSource:
    """Listens while it runs; what was counted is kept in memory only, and starts at zero again with the agent."""

    def __init__(self, settings: PlayerEventsSettings, clock: Clock) -> None:
        self.name = f"player_events_{settings.service}"
        self._settings, self._clock = settings, clock
        self._quality = EventQuality(settings)
        self._lock = threading.Lock()  # guards the quality and the room
        self._room, self._filled_at = _BURST * settings.rate, clock()
        self._server: EventServer | None = None
        self._error: OSError | ValueError | None = None

    @property
    def port(self) -> int:
        """The port that it listens at, 0 while it does not."""
        return self._server.server_address[1] if self._server is not None else 0

    def start(self) -> None:
        """Begin to listen; where that fails `samples` says why."""
        settings = self._settings
        try:
            token = None if settings.token is None else settings.token.read()
            self._server = EventServer(settings, token, self._take, self._refuse)
        except (OSError, ValueError) as error:
            self._error = error
            return
        threading.Thread(target=self._server.serve_forever, name=self.name, daemon=True).start()
        log.info("taking players' events", extra={"service": settings.service, "address": settings.listen})

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def samples(self) -> Iterable[Sample]:
        """Return the figures as of now; raise OSError where nobody can be listened to."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        with self._lock:
            self._quality.expire(self._clock())
            return list(self._quality.samples())

    def _take(self, body: bytes) -> bool:
        """Count a body; False where more came than the rate allows."""
        events, now = max(1, body.count(b"\n")), self._clock()
        with self._lock:
            rate = self._settings.rate
            self._room = min(_BURST * rate, self._room + max(0.0, now - self._filled_at) * rate)
            self._filled_at = now
            if events > self._room:
                return False
            self._room -= events
            self._quality.take(body, now)
            self._quality.expire(now)
        return True

    def _refuse(self, reason: str) -> None:
        with self._lock:
            self._quality.refused[reason] += 1


def collector(settings: PlayerEventsSettings, context: Context) -> PlayerEventsSource:
    """Return the source of one table."""
    return PlayerEventsSource(settings, context.clock)
