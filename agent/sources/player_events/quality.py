"""The quality of all sessions of one service whose players send events."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from agent.sources.edge_log.quality.cmcd import MalformedError
from agent.sources.edge_log.quality.figures import playing
from agent.sources.edge_log.quality.quality import MOST_CHANNELS
from agent.sources.edge_log.quality.tally import BUFFER_BUCKETS, THROUGHPUT_BUCKETS, Histogram, Tally
from agent.sources.edge_log.sessions.targets import ALL_CHANNELS, LONGEST_CHANNEL, NO_CHANNEL, OTHER, first_group
from agent.sources.player_events import metrics
from agent.sources.player_events.event import Event, read_event
from agent.sources.player_events.session import EventSession
from agent.sources.player_events.settings import PlayerEventsSettings
from service.metric import Sample

MOST_EVENTS = 500  # of one request
_EXPIRE_EVERY = 5.0  # seconds


class EventQuality:
    """Counts from the bodies of requests. Not safe against a second thread: its holder has a lock."""

    def __init__(self, settings: PlayerEventsSettings) -> None:
        self.events = self.elsewhere = self.untracked = 0
        self.refused: Counter[str] = Counter()
        self.tallies: dict[str, Tally] = {}  # by channel
        self.buffer, self.throughput = Histogram(BUFFER_BUCKETS), Histogram(THROUGHPUT_BUCKETS)
        self._settings = settings
        self._edges = frozenset(host.lower() for host in settings.edges)
        self._sessions: dict[int, EventSession] = {}  # by the hash of sid and cid
        self._expired_at = float("-inf")

    def __len__(self) -> int:
        return len(self._sessions)

    def take(self, body: bytes, arrived: float) -> None:
        """Count the events of a body, one per line, that has arrived at a moment of the agent's clock."""
        lines = [line for line in body.split(b"\n") if line.strip()]
        if lines[MOST_EVENTS:]:
            self.refused["too_large"] += len(lines) - MOST_EVENTS
        for line in lines[:MOST_EVENTS]:
            try:
                event = read_event(line.strip())
            except MalformedError as error:
                self.refused[str(error)] += 1
                continue
            self.events += 1
            self.refused.update(event.report.left_out)
            self._take(event, arrived)

    def expire(self, arrived: float) -> None:
        """Forget the sessions of which nothing has come for the idle timeout."""
        if arrived < self._expired_at + _EXPIRE_EVERY:
            return
        self._expired_at, horizon = arrived, arrived - self._settings.idle_timeout
        for key in [key for key, session in self._sessions.items() if session.last < horizon]:
            self._sessions.pop(key).end(self._settings.idle_timeout)

    def samples(self) -> Iterator[Sample]:
        """Yield what was added up so far."""
        service = self._settings.service
        yield metrics.EVENTS.sample(self.events, service)
        yield metrics.ELSEWHERE.sample(self.elsewhere, service)
        for reason, count in sorted(self.refused.items()):
            yield metrics.REFUSED.sample(count, service, reason)
        yield from playing(service, self)

    def _take(self, event: Event, arrived: float) -> None:
        key = hash((event.report.session, event.content))
        session = self._sessions.get(key)
        if session is None:
            if len(self._sessions) >= self._settings.max_sessions:
                self.untracked += 1
                return
            session = self._sessions[key] = EventSession(self._tally(self._channel(event.content)), arrived)
        if event.host in self._edges and not session.elsewhere:
            session.elsewhere = True
            self.elsewhere += 1
        if session.elsewhere:
            session.last = arrived
            return
        session.take(event, arrived, self._settings.idle_timeout)
        if event.report.buffer is not None:
            self.buffer.add(event.report.buffer)
        if event.report.throughput:
            self.throughput.add(event.report.throughput)

    def _channel(self, content: bytes) -> str:
        pattern = self._settings.channel
        if pattern is None:
            return ALL_CHANNELS
        found = first_group(pattern.search(unquote_to_bytes(content)))
        text = (found or b"").decode("utf-8", "replace")[:LONGEST_CHANNEL]
        return "".join(sign if sign.isprintable() else "\ufffd" for sign in text) or NO_CHANNEL

    def _tally(self, channel: str) -> Tally:
        if channel not in self.tallies and len(self.tallies) >= MOST_CHANNELS:
            channel = OTHER
        return self.tallies.setdefault(channel, Tally())
