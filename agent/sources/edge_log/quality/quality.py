"""The quality of all sessions of one service that report it."""

from collections import Counter

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.quality.cmcd import MalformedError, of_target, read
from agent.sources.edge_log.quality.playback import Playback
from agent.sources.edge_log.quality.tally import Tally
from agent.sources.edge_log.sessions.counters import SecondsCache
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.targets import OTHER, Targets

# Channels with figures of their own; those that come later are `other`, because a counter cannot change its channel.
MOST_CHANNELS = 200
_MARK = b"CMCD="


class Quality:
    """Counts from batches; one for each service, beside its engine."""

    def __init__(self, definition: Definition) -> None:
        self.media_requests = 0
        self.requests: Counter[int] = Counter()  # with CMCD that could be read, by version
        self.malformed: Counter[str] = Counter()
        self.untracked = 0
        self.tallies: dict[str, Tally] = {}  # by channel
        self._targets = Targets(definition.media_suffixes, definition.channel, query_only=False)
        self._statuses = frozenset(b"%03d" % status for status in definition.media_statuses)
        self._idle_timeout, self._max_sessions = definition.idle_timeout, definition.max_sessions
        self._playbacks: dict[int, Playback] = {}  # by the hash of sid and channel
        self._seconds = SecondsCache()

    def __len__(self) -> int:
        return len(self._playbacks)

    def take(self, batch: Batch, media_requests: int) -> None:
        """Count a batch; it has that many media requests, with CMCD or without."""
        self.media_requests += media_requests
        headers, uris = batch.cmcd, batch.uris
        # One look through all of them: most logs have CMCD in many lines or in none.
        if headers is None and _MARK not in b"\n".join(uris):
            return
        for row, uri in enumerate(uris):
            if _MARK in uri:
                self._take_row(batch, row, uri, b"")
            elif headers and headers[row]:
                self._take_row(batch, row, uri, headers[row])

    def _take_row(self, batch: Batch, row: int, uri: bytes, header: bytes) -> None:
        """Take a row with CMCD in its headers, or in its request target."""
        target = self._targets[uri.partition(b"?")[0]]
        if target.salt is None or batch.statuses[row] not in self._statuses:
            return
        try:
            report = read(header) if header else of_target(uri)
        except MalformedError as error:
            self.malformed[str(error)] += 1
            return
        if report is None:
            return
        self.requests[report.version] += 1
        end = batch.times[row]
        start = end - self._seconds[batch.durations[row]] if batch.durations is not None else end
        playback = self._playback(hash((report.session, target.channel)), target.channel, start)
        if playback is not None:
            playback.take(start, end, report, is_manifest=target.manifest)

    def expire(self, moment: float) -> None:
        """Forget the sessions that no request has continued until `moment`, in the log's time."""
        horizon = moment - self._idle_timeout
        for key in [key for key, playback in self._playbacks.items() if playback.last < horizon]:
            playback = self._playbacks.pop(key)
            if not playback.has_started:
                playback.tally.abandoned += 1

    def _playback(self, key: int, channel: str, start: float) -> Playback | None:
        playback = self._playbacks.get(key)
        if playback is None:
            if len(self._playbacks) >= self._max_sessions:
                self.untracked += 1
                return None
            playback = self._playbacks[key] = Playback(self._tally(channel), start)
        return playback

    def _tally(self, channel: str) -> Tally:
        tally = self.tallies.get(channel)
        if tally is None:
            if len(self.tallies) >= MOST_CHANNELS:
                channel = OTHER
            tally = self.tallies.setdefault(channel, Tally())
        return tally
