"""The quality of all sessions of one service that report it."""

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.quality.cmcd import KILOBITS, MILLISECONDS, MalformedError, Report
from agent.sources.edge_log.quality.playback import Playback, is_segment
from agent.sources.edge_log.quality.shapes import Row, Shapes
from agent.sources.edge_log.quality.tally import BUFFER_BUCKETS, THROUGHPUT_BUCKETS, Histogram, Tally
from agent.sources.edge_log.sessions.counters import SecondsCache
from agent.sources.edge_log.sessions.cut import Cut, cut
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.targets import OTHER, Target

# Channels with figures of their own; those that come later are `other`, because a counter cannot change its channel.
MOST_CHANNELS = 200
_NORMAL_SPEED = frozenset({b"", b"1"})


class Quality:
    """Counts from batches; one for each service, beside its engine."""

    def __init__(self, definition: Definition, *, times_begin: bool = False) -> None:
        self._times_begin = times_begin  # whether a line's time is when its request began, and not when it ended
        self.media_requests = 0
        self.requests: Counter[int] = Counter()  # with CMCD that could be read, by version
        self.malformed: Counter[str] = Counter()
        self.untracked = 0
        self.tallies: dict[str, Tally] = {}  # by channel
        self.buffer, self.throughput = Histogram(BUFFER_BUCKETS), Histogram(THROUGHPUT_BUCKETS)
        self._idle_timeout, self._max_sessions = definition.idle_timeout, definition.max_sessions
        self._playbacks: dict[int, Playback] = {}  # by the hash of sid and channel
        self._seconds = SecondsCache()
        self._query_shapes, self._header_shapes = Shapes(encoded=True), Shapes(encoded=False)

    def __len__(self) -> int:
        return len(self._playbacks)

    def cut(self, batch: Batch) -> Cut | None:
        """Return the targets of a batch cut at their CMCD; None where neither they nor its headers have any."""
        return cut(batch.uris) or (Cut(batch.uris, ()) if batch.cmcd is not None and any(batch.cmcd) else None)

    def take(self, batch: Batch, media_requests: int, found: Cut | None, media: Sequence[tuple[int, Target]]) -> None:
        """Count a batch; `media` has row and target of each media request where `cut` has found CMCD."""
        self.media_requests += media_requests
        if found is None:
            return
        if found.reports:
            texts = [found.reports[row] for row, _ in media]
            self._take(batch, media, texts, self._query_shapes)
            # A request with both is read by its query.
            media = [pair for pair, text in zip(media, texts, strict=True) if not text] if batch.cmcd else ()
        if batch.cmcd:
            self._take(batch, media, [batch.cmcd[row] for row, _ in media], self._header_shapes)

    def _take(  # noqa: C901 - one loop: a call a line would cost a tenth
        self, batch: Batch, media: Sequence[tuple[int, Target]], texts: Sequence[bytes], known: Shapes
    ) -> None:
        """Count media requests by what their players say, b"" where they say nothing."""
        if not any(texts):
            return
        rows, shapes = known.take(texts)
        for shape in known.known:
            self.requests[shape.report.version] += shape.taken
        times, durations, seconds, playbacks = self._ends(batch), batch.durations, self._seconds, self._playbacks
        milliseconds, kilobits = MILLISECONDS, KILOBITS
        played: list[Row] = []
        for (place, target), text, values, of in zip(media, texts, rows, shapes, strict=True):
            if not text:
                continue
            end = times[place]
            start = end if durations is None else end - seconds[durations[place]]
            if values is None or of is None:
                self._read(start, end, target, text, known)
                continue
            buffer, bit_rate, duration, _, rate, session, sequence, _ = values
            _, salt, _, manifest, _, _ = target
            playback = playbacks.get(hash(session) ^ (salt or 0))
            if playback is None:
                pass
            elif manifest or not of.segment:
                if playback.is_there(end, int(sequence) if sequence else None):
                    continue
            elif (
                of.plays
                and rate in _NORMAL_SPEED
                and playback.goes_on(
                    start,
                    end,
                    of.kind,
                    milliseconds[buffer],
                    milliseconds[duration],
                    kilobits[bit_rate],
                    int(sequence) if sequence else None,
                )
            ):
                played.append(values)
                continue
            self._judge(start, end, of.report_of(values), target)
        for text, times_seen in Counter(map(_buffer, played)).items():
            self._buffered(MILLISECONDS[text], times_seen)
        for text, times_seen in Counter(map(_throughput, played)).items():
            self._heard(KILOBITS[text], times_seen)

    def _ends(self, batch: Batch) -> Sequence[float]:
        """Return when each request of a batch ended."""
        if not self._times_begin or batch.durations is None:
            return batch.times
        return [time + self._seconds[took] for time, took in zip(batch.times, batch.durations, strict=True)]

    def _read(self, start: float, end: float, target: Target, text: bytes, known: Shapes) -> None:
        """Take a request whose CMCD no shape takes."""
        try:
            report = known.read(text)
        except MalformedError as error:
            self.malformed[str(error)] += 1
            return
        self.malformed.update(report.left_out)
        known.learn(text)
        self.requests[report.version] += 1
        self._judge(start, end, report, target)

    def _judge(self, start: float, end: float, report: Report, target: Target) -> None:
        """Take a request of which there is more to say than that its player goes on."""
        playback = self._playback(hash(report.session) ^ (target.salt or 0), target.channel, start)
        if playback is None:
            return
        playback.take(start, end, report, is_manifest=target.manifest)
        if not target.manifest and is_segment(report):
            self._buffered(report.buffer)
            self._heard(report.throughput)

    def _buffered(self, seconds: float | None, times: int = 1) -> None:
        if seconds is not None:
            self.buffer.add(seconds, times)

    def _heard(self, throughput: float | None, times: int = 1) -> None:
        if throughput:
            self.throughput.add(throughput, times)

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


_buffer, _throughput = itemgetter(0), itemgetter(3)
