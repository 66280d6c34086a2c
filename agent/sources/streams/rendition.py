"""One rendition from look to look: its progress, and the load of its newest segment."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from agent.sources.streams import progress
from agent.sources.streams.capture import Capture
from agent.sources.streams.content import Remark
from agent.sources.streams.fetch import Fetcher
from agent.sources.streams.live import Live, Segment
from agent.sources.streams.loader import Loader
from agent.sources.streams.progress import Progress
from agent.sources.streams.reasons import Fault, Reason
from agent.sources.streams.settings import StreamSettings

# A segment may take this many times its duration before the probe gives up: long enough to tell slow from dead.
_PATIENCE = 2.0
_LONGEST_DOWNLOAD = 60.0
# Looks come at `interval` give or take some milliseconds: without this share of it as slack, a segment that is due with
# the third look would as often as not wait for the fourth.
_SLACK = 0.1
# Seconds for which a formula that promised too early is not tried with its newest segment again.
_LATE_KEPT = 60.0
_MILLISECONDS = 1000

_TOO_EARLY = frozenset({Reason.SEGMENT_MISSING, Reason.SEGMENT_STATUS})
_DETAILS = {
    Reason.PLAYLIST_STALLED: "no new segment for longer than 1.5 target durations",
    Reason.SEQUENCE_BACKWARDS: "the playlist is older than the one before",
}


class Download(NamedTuple):
    """A segment that came whole."""

    number: int
    begun_at: float
    seconds: float
    duration: float


@dataclass(slots=True)
class Rendition:
    """What is remembered; `live` and `download` are None where the last look did not get them.

    `lasting` are the faults of the last segment: they are counted when they are found, and stand until the next.
    """

    name: str
    settings: StreamSettings
    clock: Callable[[], float]
    beside: bool = False  # sound beside the one rendition of pictures that is looked at: its figures are not shown
    capture: Capture | None = None  # takes its segments for the picture checks
    progress: Progress | None = None
    live: Live | None = None
    download: Download | None = None
    lasting: tuple[Remark, ...] = ()
    looked_at: float = 0.0
    playable: bool = False  # at the last look
    stalled: bool = False  # likewise
    _listed: Live | None = None  # what was listed at the last look
    _early: Segment | None = None  # was not there when it was the newest
    _late_until: float = 0.0

    def fresh(self) -> bool:
        """Return whether it was found good so lately that it need not be looked at."""
        age = self.clock() - self.looked_at
        return (
            self.playable
            and not self.stalled
            and age < self.settings.segment_interval - _SLACK * self.settings.interval
        )

    async def look(self, fetcher: Fetcher, loader: Loader, live: Live, found: list[Remark]) -> None:
        """Judge what the playlist says, load the newest segment if one is due, add to `found`; raise Fault."""
        if live.declared:
            self._observe(live, found)
        if not live.segments:
            raise Fault(Reason.SEGMENT_MISSING, f"{self.name}: every segment listed is marked as a gap (EXT-X-GAP)")
        now = self.clock()
        segments = live.segments[-1:] if not live.declared and now < self._late_until else live.segments
        # A formula proves nothing, so there each new segment is fetched.
        if not self._due(segments[0], now, self.settings.segment_interval if live.declared else 0.0):
            return
        self.download, self.lasting = None, ()
        await self._check_early(fetcher, loader, live)
        segment, seconds, self.lasting = await self._load(fetcher, loader, live, segments)
        self.download = Download(segment.number, now, seconds, segment.duration)
        found += self.lasting
        if not live.declared:
            edge = segment.number / _MILLISECONDS + segment.duration
            self._observe(replace(live, newest=segment.number, edge=edge), found)

    async def _load(
        self, fetcher: Fetcher, loader: Loader, live: Live, segments: tuple[Segment, ...]
    ) -> tuple[Segment, float, tuple[Remark, ...]]:
        """Load the newest segment, or that with which players begin: a list may be ahead of its files."""
        newest = segments[0]
        try:
            seconds, remarks = await self._one(fetcher, loader, newest)
        except Fault as fault:
            if len(segments) < 2:
                raise
            loader.journal.note("remark", self._subject(newest), fault.detail, reason=fault.reason.value)
            try:
                seconds, remarks = await self._one(fetcher, loader, segments[-1])
            except Fault:
                raise fault from None
            if not live.declared:
                self._late_until = self.clock() + _LATE_KEPT
            self._early = newest
            reason = Reason.SEGMENT_EARLY if fault.reason in _TOO_EARLY else fault.reason
            remark = Remark(reason, f"{fault.detail}; the segment with which players begin is there")
            return segments[-1], seconds, (remark, *remarks)
        return newest, seconds, remarks

    async def _check_early(self, fetcher: Fetcher, loader: Loader, live: Live) -> None:
        """Raise Fault where a segment that came too late once is still not there when players ask for it."""
        segment = self._early
        if segment is None or segment.number > live.segments[-1].number:
            return
        self._early = None
        if segment.number >= live.first:
            await self._one(fetcher, loader, segment)

    async def _one(self, fetcher: Fetcher, loader: Loader, segment: Segment) -> tuple[float, tuple[Remark, ...]]:
        limit = min(max(self.settings.deadline, _PATIENCE * segment.duration), _LONGEST_DOWNLOAD)
        return await loader.segment(
            fetcher, segment, self._subject(segment), (self.settings.deadline, limit), self.capture
        )

    def _subject(self, segment: Segment) -> str:
        return f"segment {segment.number} of {self.name}"

    def _observe(self, live: Live, found: list[Remark]) -> None:
        self.live = live
        if not live.moves:
            return
        invalid = live.invalid or progress.contradiction(self._listed, live)
        moved = progress.moved(self._listed, live)
        self._listed = live
        if invalid:
            found.append(Remark(Reason.PLAYLIST_INVALID, f"{self.name}: {invalid}"))
        elif moved:
            found.append(Remark(Reason.PLAYLIST_INVALID, f"{self.name}: {moved}"))
        self.progress, faults = progress.observe(self.progress, live, self.clock())
        self.stalled = Reason.PLAYLIST_STALLED in faults
        found += [Remark(reason, f"{self.name}: {_DETAILS[reason]}") for reason in sorted(faults)]

    def _due(self, segment: Segment, now: float, interval: float) -> bool:
        last = self.download
        slack = _SLACK * self.settings.interval
        if last is None:
            return True
        return (segment.number != last.number or segment.partial) and now - last.begun_at >= interval - slack
