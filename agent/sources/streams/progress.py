"""Whether a rendition moves on: what one look at its playlist says in the light of the looks before."""

from dataclasses import dataclass

from agent.sources.streams.dash_xml import quoted
from agent.sources.streams.live import INSISTED, Live, Mark
from agent.sources.streams.reasons import Reason

# Origins out of step behind one address answer in turn with older and newer playlists. What was seen among the last
# few is no progress, or two dead origins would look like a live channel.
_REMEMBERED = 8
_ROUNDED = 0.002  # seconds: packagers write milliseconds


@dataclass(frozen=True, slots=True)
class Progress:
    """What is remembered of a rendition."""

    first: int
    newest: int
    seen: tuple[int, ...]  # the last few newest segments
    advanced_at: float  # when a segment not seen before was first seen


def observe(before: Progress | None, live: Live, now: float) -> tuple[Progress, frozenset[Reason]]:
    """Return what is to be remembered, and the faults."""
    if before is None:
        return Progress(live.first, live.newest, (live.newest,), now), frozenset()
    faults = set()
    if live.newest < before.newest or live.first < before.first:
        faults.add(Reason.SEQUENCE_BACKWARDS)
    if live.newest in before.seen:
        seen, advanced_at = before.seen, before.advanced_at
    else:
        seen, advanced_at = (*before.seen, live.newest)[-_REMEMBERED:], now
    if now - advanced_at > live.patience:
        faults.add(Reason.PLAYLIST_STALLED)
    return Progress(live.first, live.newest, seen, advanced_at), frozenset(faults)


def contradiction(before: Live | None, live: Live) -> str:
    """Return how a playlist contradicts the one of the look before; empty where it does not."""
    if before is None or before.source != live.source:
        return ""
    for number in sorted(before.marks.keys() & live.marks.keys()):
        was, now = before.marks[number], live.marks[number]
        if was != now:
            return _contradiction(number, was, now) + INSISTED
    return ""


def moved(before: Live | None, live: Live) -> str:
    """Return how far a period of DASH, or all of them, was moved since the look before; empty where it was not."""
    if before is None or before.source != live.source or before.period is None or live.period is None:
        return ""
    was, now = before.period, live.period
    if was[0] != now[0] or abs(now[1] - was[1]) <= _ROUNDED:
        return ""
    what = f"the Period with the id {quoted(now[0])}" if now[0] else "what availabilityStartTime names"
    return (
        f"{what} begins {now[1] - was[1]:+.3f} s from where it began at the look "
        "before: availabilityStartTime and Period@start must not change (DASH-IF IOP 4.2, 4.4.3.3); players such as "
        "shaka-player take its segments for others and stall"
    )


def _contradiction(number: int, was: Mark, now: Mark) -> str:
    if was.name != now.name:
        return f"segment {number} had another file name at the look before"
    return (
        f"segment {number} had discontinuity number {was.discontinuity} at the look before and has "
        f"{now.discontinuity} now: EXT-X-DISCONTINUITY-SEQUENCE is missing or wrong"
    )
