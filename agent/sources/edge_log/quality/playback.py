"""One playback session, by the requests of its segments: when it played, and when it stood still.

A player says with each request how much it has buffered (`bl`). From then on the buffer falls by the time that passes,
and a segment adds its duration (`d`) when it has come. With t and e as start and end of request i of a track the player
stands still

    from t[i] + bl[i] to e[i], where the segment comes after the buffer has run out, and
    from max(t[i] + bl[i], e[i]) + d[i] to t[i+1], where even that has been played before the next request begins.

A player that is faster or slower than the clock (`pr`), as those of live channels are to keep their distance, plays
both in so much less or more time.
"""

from collections.abc import Sequence

from agent.sources.edge_log.quality.cmcd import MEDIA, Report
from agent.sources.edge_log.quality.tally import Tally

SHORTEST_STALL = 0.15  # seconds: `bl` is rounded to a tenth of one
# Sounds and pictures that are still buffered when the next request begins: nothing was short, so the viewer had paused.
_NOT_EMPTY = 0.5  # seconds, beyond what has come meanwhile
_ROUNDED = 0.3  # seconds by which what a player reports may differ from what it has
_LONGEST_RESUMING = 1.0  # seconds that a player takes to go on once the segment has come
_MISSING_REPORTS = 4  # requests run in parallel, so that their lines are a little out of order
# A request with a lower number is late, unless it begins so many seconds after all others: hls.js begins its numbers
# again when it loads another source, and keeps `sid`. Logs may have whole seconds.
_AGAIN = 1.0
_SPEEDS = (0.5, 2.0)  # slower and faster is no playing: trick play shows single pictures
_STALLED = "r"  # rebuffering
NOT_PLAYING = frozenset({"a", "k", "e", "f", "q"})  # paused, seeking, ended, fatal error, quit


class _Track:
    """The last segment request of a track, as far as it matters to the next one. A player has one track or two."""

    __slots__ = ("bit_rate", "buffer", "duration", "end", "falls", "kind", "stalled", "start")

    def __init__(self, kind: str | None, start: float) -> None:
        self.kind = kind  # `ot`, "" where the player does not send it; None before the first request
        self.start = self.end = start
        self.buffer: float | None = None
        self.duration: float | None = None
        self.bit_rate: float | None = None  # of this request or of the last one that had it
        self.falls = False  # whether from its start on the buffer fell by the clock
        self.stalled = 0.0  # seconds for which the session had stalled by then


class _More:
    """What most sessions do not need any more once they play: there are a hundred thousand of them."""

    __slots__ = ("covered", "first", "stalled", "stalled_to", "startup", "tracks")

    def __init__(self, covered: float) -> None:
        self.covered = covered  # up to where the time is accounted for
        self.first = covered
        self.startup: float | None = None  # end of the last response needed for the start; None once it plays
        self.stalled_to: float | None = None  # end of the last stall
        self.stalled = 0.0  # seconds of all stalls
        self.tracks: tuple[_Track, ...] = ()  # but the first


class Playback(_Track):
    """A session of one player on one channel. Times are seconds, requests come in the order of their ends."""

    __slots__ = ("_more", "_sequence", "last", "tally")

    def __init__(self, tally: Tally, start: float) -> None:
        super().__init__(None, start)
        self.tally = tally
        self.last = start  # end of the newest request
        self._sequence: int | None = None
        self._more: _More | None = _More(start)
        self._more.startup = start
        tally.sessions += 1

    @property
    def has_started(self) -> bool:
        """Whether anything played."""
        return self._more is None or self._more.startup is None

    def goes_on(  # noqa: C901, PLR0911, PLR0912, PLR0913, PLR0917 - of nearly every line: a call more would cost a tenth
        self,
        start: float,
        end: float,
        kind: str | None,
        buffer: float | None,
        duration: float | None,
        bit_rate: float | None,
        sequence: int | None,
    ) -> bool:
        """Take a request of a segment by a player that plays; False where it is for `take` to judge.

        It is what `take` does with nearly all requests: their track goes on without a stall.
        """
        more = self._more
        track = self if more is None and kind == self.kind else self._playing(kind)
        if track is None:
            return False
        began, known = track.start, track.buffer
        if not track.falls or known is None or start < began:
            return False
        empty, came, added = began + known, track.end, track.duration
        if start < came:  # noqa: PLR1730 - three times as fast as min(); the same below
            came = start
        if came - empty >= SHORTEST_STALL:
            return False
        if added and start - (empty if empty > track.end else track.end) - added >= SHORTEST_STALL:  # noqa: FURB136
            return False
        if sequence is not None:
            before = self._sequence
            if before is None or sequence > before:
                if before is not None and sequence > before + _MISSING_REPORTS:
                    return False
                self._sequence = sequence
            elif start > self.last + _AGAIN:
                return False
        tally = self.tally
        if more is None:
            tally.watched_seconds += start - began
        elif start > more.covered:
            tally.watched_seconds += start - more.covered
            more.covered = start
        if bit_rate is not None and kind != "a":
            if duration:
                tally.played_seconds += duration
                tally.played_bits += duration * bit_rate
            if bit_rate != track.bit_rate:
                tally.switches += track.bit_rate is not None
                track.bit_rate = bit_rate
        track.start, track.end, track.buffer, track.duration = start, end, buffer, duration
        if end > self.last:  # noqa: PLR1730
            self.last = end
        return True

    def _playing(self, kind: str | None) -> _Track | None:
        """Return a track of a session that has started, and has not stalled since the last request of that track."""
        more = self._more
        if more is None or more.startup is not None:
            return None
        track = self._of_kind(kind)
        return track if track is not None and track.stalled == more.stalled else None

    def is_there(self, end: float, sequence: int | None) -> bool:
        """Take a request of something else than a segment; False where reports are missing before it."""
        before = self._sequence
        if sequence is not None and (before is None or sequence > before):
            if before is not None and sequence > before + _MISSING_REPORTS:
                return False
            self._sequence = sequence
        if end > self.last:  # noqa: PLR1730
            self.last = end
        return True

    def take(self, start: float, end: float, report: Report, *, is_manifest: bool) -> None:
        """Take a request with its start and its end."""
        again = start > self.last + _AGAIN
        self.last = max(self.last, end)
        if report.sequence is not None and self._reports_missing(report.sequence, again=again):
            self._extra().tracks = ()
            self.kind = None
        if is_manifest or not is_segment(report):
            return
        more = self._more
        starting = more is not None and more.startup is not None
        if starting:
            self._judge_start(end, report)
        kind = report.kind or ""
        track = self._of_kind(kind)
        plays = _SPEEDS[0] <= report.rate <= _SPEEDS[1] and report.state not in NOT_PLAYING
        timed = _by_the_clock(report) if plays and report.rate != 1.0 else report
        stalled = False
        if track is None:
            track = self._new_track(kind)
        elif start < track.start:
            return
        elif not starting:
            stalled = self._judge(track, start, timed, plays=plays)
        self._measure(track, report)
        if self._more is not None:
            self._more.covered = max(self._more.covered, start)
            track.stalled = self._more.stalled
        track.start, track.end = start, end
        track.buffer, track.duration = timed.buffer, timed.duration
        # A request that is urgent although nothing had run out is the start, or a seek.
        track.falls = plays and not (report.startup and not (report.starved or stalled))
        self._spare()

    def _extra(self) -> _More:
        more = self._more
        if more is None:
            more = self._more = _More(self.start)
        return more

    def _spare(self) -> None:
        """Forget what a session with one track that plays without a stall does not need."""
        more = self._more
        if (
            more is not None
            and more.startup is None
            and more.stalled_to is None
            and not more.tracks
            and more.covered == self.start
        ):
            self._more = None

    def _of_kind(self, kind: str | None) -> _Track | None:
        if self.kind == kind:
            return self
        more = self._more
        return next((track for track in more.tracks if track.kind == kind), None) if more is not None else None

    def _new_track(self, kind: str) -> _Track:
        if self.kind is None:
            self.kind, self.buffer, self.duration, self.bit_rate, self.falls = kind, None, None, None, False
            return self
        more, track = self._extra(), _Track(kind, self.start)
        more.tracks = (*more.tracks, track)
        return track

    def _judge_start(self, end: float, report: Report) -> None:
        """The start lasts until the last segment has come that was needed for it (`su`)."""
        more = self._extra()
        if more.startup is None:
            return
        if report.startup and report.state in (None, "s", "p"):
            more.startup = end
            return
        # Else the first requests were not seen, or the player does not send `su`.
        if more.startup > more.first:
            self.tally.startup.add(more.startup - more.first)
        more.startup = None

    def _judge(self, track: _Track, start: float, report: Report, *, plays: bool) -> bool:
        """Account for the time between two requests of a track; return whether the player stood still at its end."""
        covered = self.start if self._more is None else self._more.covered
        passed = max(0.0, start - max(covered, track.start))
        # Whether the buffer fell by the clock meanwhile, but for what another track has shown to be a stall.
        stood = self._stood_since(track)
        stalls = self._stalls(track, start, report, stood) if plays and track.falls else None
        if stalls is None or (stalls and self._has_paused(track, report)):
            self.tally.refused_seconds += passed
            return False
        self.tally.watched_seconds += passed
        for begin, end in stalls:
            self._stall(begin, end)
        if stalls or stood:
            self._resume(track, start, report)
        more = self._more
        return bool(stalls) and more is not None and start - (more.stalled_to or 0.0) < SHORTEST_STALL

    def _stood_since(self, track: _Track) -> float:
        """Return for how long the player has stood still since the last request of a track, as others have shown."""
        more = self._more
        if more is None or more.stalled_to is None:
            return 0.0
        return min(more.stalled - track.stalled, max(0.0, more.stalled_to - track.start))

    def _resume(self, track: _Track, start: float, report: Report) -> None:
        """Lengthen the last stall by the time that the player took to go on after the segment had come.

        What is buffered then says for how long it has played since the last request; with nothing it still stands.
        """
        more = self._more
        if more is None or more.stalled_to is None or track.buffer is None or report.buffer is None:
            return
        left = start - more.stalled_to
        if report.buffer > 0:
            played = track.buffer + (track.duration or 0.0) - report.buffer
            left = min(left, start - track.start - played - (more.stalled - track.stalled))
        if 0.0 < left <= _LONGEST_RESUMING:
            self.tally.stall_seconds += left
            more.stalled += left
            more.stalled_to += left

    @staticmethod
    def _stalls(before: _Track, start: float, report: Report, stood: float) -> Sequence[tuple[float, float]] | None:
        """Return when the buffer was empty between a request and the next at `start`; None where nobody knows.

        While the player `stood` still because another track had run out, the buffer of this one did not fall.
        """
        buffer, duration = before.buffer, before.duration
        if buffer is None:
            return None
        empty, end = before.start + buffer + stood, before.end
        came = min(end, start)
        if came - empty < SHORTEST_STALL and (not duration or start - (max(empty, end) + duration) < SHORTEST_STALL):
            return ()  # nearly always
        stalls = [(empty, came)]
        if duration and _played_while_it_came(buffer + duration - (start - before.start), stalls[0], report.buffer):
            stalls.clear()
        if duration:
            stalls.append((max(empty, before.end) + duration, start))
            has_something = not report.starved and report.buffer is not None and report.buffer > _NOT_EMPTY
            if has_something and start - stalls[-1][0] >= SHORTEST_STALL:
                # At the end of what would be a stall: the viewer had paused, unless the player says that it goes on.
                return [(empty, start)] if report.state == _STALLED else None
        return [(begin, end) for begin, end in stalls if end - begin >= SHORTEST_STALL]

    @staticmethod
    def _has_paused(known: _Track, report: Report) -> bool:
        """Return whether more is buffered than what has come meanwhile: then it did not run out."""
        if report.buffer is None or known.duration is None or report.starved:
            return False
        return report.buffer > known.duration + _NOT_EMPTY

    def _stall(self, begin: float, end: float) -> None:
        """Count a stall; what another track has shown already is not counted again."""
        more, tally = self._extra(), self.tally
        before = more.stalled_to
        if before is None:
            tally.stalled_sessions += 1
            before = float("-inf")
        seconds = max(0.0, end - max(begin, before))
        tally.stall_seconds += seconds
        more.stalled += seconds
        tally.stalls += begin - before >= SHORTEST_STALL
        more.stalled_to = max(before, end)

    def _reports_missing(self, sequence: int, *, again: bool) -> bool:
        """Return whether others should have come before it; `again` is whether it may begin the numbers again."""
        known = self._sequence
        if known is not None and sequence < known and again:
            self._sequence = sequence
            return True
        self._sequence = max(known or 0, sequence)
        return known is not None and sequence > known + _MISSING_REPORTS

    def _measure(self, before: _Track, report: Report) -> None:
        """Add up what a request says of the bit rate, which the last one of the track may have had."""
        tally = self.tally
        bit_rate = report.bit_rate
        if bit_rate is None or before.kind == "a":
            return
        if report.duration:
            tally.played_seconds += report.duration
            tally.played_bits += report.duration * bit_rate
        tally.switches += before.bit_rate is not None and before.bit_rate != bit_rate
        before.bit_rate = bit_rate


def _by_the_clock(report: Report) -> Report:
    """Return a report with the time that its player takes for what is buffered and for the segment."""
    buffer, duration, rate = report.buffer, report.duration, report.rate
    return report._replace(
        buffer=buffer if buffer is None else buffer / rate, duration=duration if duration is None else duration / rate
    )


def is_segment(report: Report) -> bool:
    """Return whether the player says that a request is of a segment, or does not say of what."""
    return report.kind is None or report.kind in MEDIA


def _played_while_it_came(left: float, stall: tuple[float, float], reported: float | None) -> bool:
    """Return whether a segment was played while it came, in chunks, so that its request outlasted the buffer.

    Then just that is buffered which would be left without a stall; after a stall it is more by the stall.
    """
    if reported is None or reported < _ROUNDED or left < _ROUNDED:
        return False
    return abs(reported - left) <= min(_ROUNDED, (stall[1] - stall[0]) / 2)
