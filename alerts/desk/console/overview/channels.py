"""The channels: how many watch each, and whether the stream probes can play it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from alerts.desk.console.overview.snapshot import Present
from service.prometheus import Sample

SHOWN = 30
OTHER = "other"  # what the agents call all channels beyond the largest


class Stream(StrEnum):
    """What the probes find."""

    PLAYS = "plays"
    STANDS = "stands"
    DOWN = "down"
    UNPROBED = "unprobed"


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel: `bad` of `probes` nodes cannot play it as they should."""

    name: str
    sessions: float | None
    stream: Stream
    probes: int = 0
    bad: int = 0


def channels(present: Present | None) -> Sequence[Channel] | None:
    """Return the largest channels first; those beyond the first are left out unless they are ill. None: not known."""
    if present is None or (present.answers["channels"] is None and present.answers["probes"] is None):
        return None
    sessions, probes, down, stands = (
        _by_channel(present.answers[name]) for name in ("channels", "probes", "down", "stands")
    )
    found = [
        _channel(name, sessions.get(name), int(probes.get(name, 0)), int(down.get(name, 0)), int(stands.get(name, 0)))
        for name in {*sessions, *probes} - {OTHER}
    ]
    found.sort(key=lambda each: (-(each.sessions if each.sessions is not None else -1), each.name))
    shown = [each for place, each in enumerate(found) if place < SHOWN or each.bad]
    rest = [each for each in found if each not in shown]
    others = sessions.get(OTHER, 0) + sum(each.sessions or 0 for each in rest)
    return [*shown, Channel(OTHER, others, Stream.UNPROBED)] if others else shown


def _channel(name: str, sessions: float | None, probes: int, down: int, stands: int) -> Channel:
    if not probes:
        return Channel(name, sessions, Stream.UNPROBED)
    state = Stream.DOWN if down else Stream.STANDS if stands else Stream.PLAYS
    return Channel(name, sessions, state, probes, down or stands)


def _by_channel(values: Sequence[Sample] | None) -> dict[str, float]:
    return {each.labels.get("channel", ""): each.value for each in values or ()}
