"""One rendition from probe to probe: its progress, and the download of its newest segment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from agent.sources.streams import progress
from agent.sources.streams.fetch import Fetcher, FetchError, Taker, Trouble
from agent.sources.streams.live import Live, Segment
from agent.sources.streams.progress import Progress
from agent.sources.streams.reasons import Fault, Reason
from agent.sources.streams.segment import LARGEST, SegmentChecker
from agent.sources.streams.settings import StreamSettings

# A segment may take this many times its duration before the probe gives up: long enough to tell slow from dead.
_PATIENCE = 2.0
_LONGEST_DOWNLOAD = 60.0
# Looks come at `interval` give or take some milliseconds: without this share of it as slack, a segment that is due with
# the third look would as often as not wait for the fourth.
_SLACK = 0.1

_REASONS = {
    Trouble.UNREACHABLE: Reason.SEGMENT_UNREACHABLE,
    Trouble.TIMEOUT: Reason.SEGMENT_SLOW,
    Trouble.MISSING: Reason.SEGMENT_MISSING,
    Trouble.STATUS: Reason.SEGMENT_STATUS,
    Trouble.TRUNCATED: Reason.SEGMENT_TRUNCATED,
    Trouble.OVERSIZE: Reason.SEGMENT_MALFORMED,
}
_DETAILS = {
    Reason.PLAYLIST_STALLED: "no new segment for longer than 1.5 target durations",
    Reason.SEQUENCE_BACKWARDS: "the playlist is older than the one before",
}


class Finding(NamedTuple):
    """A fault, and for the log what it was."""

    reason: Reason
    detail: str


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

    settings: StreamSettings
    clock: Callable[[], float]
    progress: Progress | None = None
    live: Live | None = None
    download: Download | None = None
    lasting: tuple[Finding, ...] = ()

    async def look(self, fetcher: Fetcher, live: Live, found: list[Finding]) -> None:
        """Judge what the playlist says, fetch the newest segment if one is due, add to `found`; raise Fault."""
        if live.declared:
            self._observe(live, found)
        segment, begun_at = live.segment, self.clock()
        # A formula proves nothing, so there each new segment is fetched.
        if segment is None or not self._due(
            segment, begun_at, self.settings.segment_interval if live.declared else 0.0
        ):
            return
        self.download, self.lasting = None, ()
        limit = min(max(self.settings.deadline, _PATIENCE * segment.duration), _LONGEST_DOWNLOAD)
        seconds, self.lasting = await _fetch(fetcher, segment, limit)
        self.download = Download(segment.number, begun_at, seconds, segment.duration)
        found += self.lasting
        if not live.declared:
            self._observe(live, found)

    def _observe(self, live: Live, found: list[Finding]) -> None:
        self.live = live
        self.progress, faults = progress.observe(self.progress, live, self.clock())
        found += [Finding(reason, _DETAILS[reason]) for reason in sorted(faults)]

    def _due(self, segment: Segment, now: float, interval: float) -> bool:
        last = self.download
        slack = _SLACK * self.settings.interval
        return last is None or (segment.number != last.number and now - last.begun_at >= interval - slack)


async def _fetch(fetcher: Fetcher, segment: Segment, limit: float) -> tuple[float, tuple[Finding, ...]]:
    """Return the seconds it took and the faults that a player gets over; raise Fault for anything worse."""
    checker = SegmentChecker(segment)
    headers = {}
    if segment.byte_range is not None:
        first, length = segment.byte_range
        headers["range"] = f"bytes={first}-{first + length - 1}"
    try:
        seconds = await fetcher.get(
            segment.url, Taker(checker.head, checker.piece, LARGEST), deadline=limit, headers=headers
        )
    except FetchError as error:
        raise Fault(_REASONS[error.trouble], f"a segment: {error.detail}") from None
    found = [Finding(reason, checker.summary) for reason in sorted(checker.finish())]
    if seconds > segment.duration:
        detail = f"a segment of {segment.duration:g} s took {seconds:.1f} s"
        found.append(Finding(Reason.SEGMENT_SLOW, detail))
    return seconds, tuple(found)
