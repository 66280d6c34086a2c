"""One playback session, by the requests of its segments: when it played, and when it stood still.

A player says with each request how much it has buffered (`bl`). From then on the buffer falls by the time that passes,
and a segment adds its duration (`d`) when it has come. With t and e as start and end of request i of a track the player
stands still

    from t[i] + bl[i] to e[i], where the segment comes after the buffer has run out, and
    from max(t[i] + bl[i], e[i]) + d[i] to t[i+1], where even that has been played before the next request begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.sources.edge_log.quality.cmcd import MEDIA, Report
from agent.sources.edge_log.quality.tally import Tally

SHORTEST_STALL = 0.15  # seconds: `bl` is rounded to a tenth of one
# Sounds and pictures that are still buffered when the next request begins: nothing was short, so the viewer had paused.
_NOT_EMPTY = 0.5  # seconds beyond the segment that has come meanwhile
_ROUNDED = 0.3  # seconds by which what a player reports may differ from what it has
_MISSING_REPORTS = 4  # requests run in parallel, so that their lines are a little out of order
_NOT_PLAYING = frozenset({"a", "k", "e", "f", "q"})  # paused, seeking, ended, fatal error, quit


@dataclass(slots=True)
class _Request:
    """The last segment request of a track, as far as it matters to the next one."""

    track: str
    start: float = 0.0
    end: float = 0.0
    buffer: float | None = None
    duration: float | None = None
    bit_rate: float | None = None  # of this request or of the last one that had it
    plays: bool = False  # whether the player played at normal speed when it began
    urgent: bool = False  # whether it was urgent although nothing had run out: the start, or a seek
    other: "_Request | None" = None  # of the next track


class Playback:
    """A session of one player on one channel. Times are seconds, requests come in the order of their ends."""

    __slots__ = (
        "_covered",
        "_first",
        "_request",
        "_sequence",
        "_stalled_to",
        "_startup",
        "last",
        "stalled",
        "tally",
    )

    def __init__(self, tally: Tally, start: float) -> None:
        self.tally = tally
        self.last = start  # end of the newest request
        self.stalled = False  # ever
        self._first = start
        self._startup: float | None = start  # end of the last response needed for the start; None once it plays
        self._covered = start  # up to where the time is accounted for
        self._stalled_to = start  # end of the last stall
        self._request: _Request | None = None  # of the first track; a player has one or two
        self._sequence: int | None = None
        tally.sessions += 1

    @property
    def has_started(self) -> bool:
        """Whether anything played."""
        return self._startup is None

    def take(self, start: float, end: float, report: Report, *, is_manifest: bool) -> None:
        """Take a request with its start and its end."""
        self.last = max(self.last, end)
        if report.sequence is not None and self._reports_missing(report.sequence):
            self._request = None
        kind = report.kind
        if is_manifest or (kind is not None and kind not in MEDIA):
            return
        starting = self._startup is not None
        if starting:
            self._judge_start(end, report)
        track = kind or ""
        before = self._of_track(track)
        plays = report.rate == 1.0 and report.state not in _NOT_PLAYING
        stalled = False
        if before is None:
            before = self._request = _Request(track, other=self._request)
        elif start < before.start:
            return
        elif not starting:
            stalled = self._judge(before, start, report, plays=plays)
        self._measure(before, report)
        before.start, before.end, before.plays = start, end, plays
        before.buffer, before.duration = report.buffer, report.duration
        before.urgent = report.startup and not (report.starved or stalled)
        self._covered = max(self._covered, start)

    def _of_track(self, track: str) -> _Request | None:
        request = self._request
        while request is not None and request.track != track:
            request = request.other
        return request

    def _judge_start(self, end: float, report: Report) -> None:
        """The start lasts until the last segment has come that was needed for it (`su`)."""
        if self._startup is None:
            return
        if report.startup and report.state in (None, "s", "p"):
            self._startup = end
            return
        # Else the first requests were not seen, or the player does not send `su`.
        if self._startup > self._first:
            self.tally.startup.add(self._startup - self._first)
        self._startup = None

    def _judge(self, before: _Request, start: float, report: Report, *, plays: bool) -> bool:
        """Account for the time between two requests of a track; return whether the player stood still at its end."""
        passed = max(0.0, start - max(self._covered, before.start))
        # Whether the buffer fell by the clock meanwhile.
        playing = plays and before.plays and not before.urgent
        stalls = self._stalls(before, start, report) if playing else None
        if stalls is None or (stalls and self._has_paused(before, report)):
            self.tally.refused_seconds += passed
            return False
        self.tally.watched_seconds += passed
        for begin, end in stalls:
            self._stall(begin, end)
        return bool(stalls) and start - stalls[-1][1] < SHORTEST_STALL

    @staticmethod
    def _stalls(before: _Request, start: float, report: Report) -> Sequence[tuple[float, float]] | None:
        """Return when the buffer was empty between a request and the next at `start`; None where nobody knows."""
        buffer, duration = before.buffer, before.duration
        if buffer is None:
            return None
        empty, end = before.start + buffer, before.end
        came = min(end, start)
        if came - empty < SHORTEST_STALL and (not duration or start - (max(empty, end) + duration) < SHORTEST_STALL):
            return ()  # nearly always
        stalls = [(empty, came)]
        if duration and _played_while_it_came(buffer + duration - (start - before.start), stalls[0], report.buffer):
            stalls.clear()
        if duration:
            stalls.append((max(empty, before.end) + duration, start))
        return [(begin, end) for begin, end in stalls if end - begin >= SHORTEST_STALL]

    @staticmethod
    def _has_paused(known: _Request, report: Report) -> bool:
        """Return whether more is buffered than what has come meanwhile: then it did not run out."""
        if report.buffer is None or known.duration is None or report.starved:
            return False
        return report.buffer > known.duration + _NOT_EMPTY

    def _stall(self, begin: float, end: float) -> None:
        """Count a stall; what another track has shown already is not counted again."""
        again = begin - self._stalled_to < SHORTEST_STALL
        self.tally.stall_seconds += max(0.0, end - max(begin, self._stalled_to))
        self.tally.stalls += not (again and self.stalled)
        self._stalled_to = max(self._stalled_to, end)
        if not self.stalled:
            self.stalled = True
            self.tally.stalled_sessions += 1

    def _reports_missing(self, sequence: int) -> bool:
        known, self._sequence = self._sequence, max(self._sequence or 0, sequence)
        return known is not None and sequence > known + _MISSING_REPORTS

    def _measure(self, before: _Request, report: Report) -> None:
        """Add up what a request says of the line and of the bit rate, which the last one of the track may have had."""
        tally = self.tally
        if report.buffer is not None:
            tally.buffer.add(report.buffer)
        if report.throughput:
            tally.throughput.add(report.throughput)
        bit_rate = report.bit_rate
        if bit_rate is None or before.track == "a":
            return
        if report.duration:
            tally.played_seconds += report.duration
            tally.played_bits += report.duration * bit_rate
        tally.switches += before.bit_rate is not None and before.bit_rate != bit_rate
        before.bit_rate = bit_rate


def _played_while_it_came(left: float, stall: tuple[float, float], reported: float | None) -> bool:
    """Return whether a segment was played while it came, in chunks, so that its request outlasted the buffer.

    Then just that is buffered which would be left without a stall; after a stall it is more by the stall.
    """
    if reported is None or reported < _ROUNDED or left < _ROUNDED:
        return False
    return abs(reported - left) <= min(_ROUNDED, (stall[1] - stall[0]) / 2)
