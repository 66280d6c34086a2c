"""A channel in the reader's words: the tile of the mosaic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

from alerts.desk.console.channels.album import Place
from alerts.desk.console.channels.lineup import Channel, Fault
from alerts.desk.core.figures import figure
from alerts.desk.core.words import Words

SHAPES = {
    "critical": "▲",
    "major": "◆",
    "minor": "●",
    "warning": "○",
    "down": "✕",
    "plays": "✓",
    "unknown": "?",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """What the mosaic shows of a channel."""

    name: str
    look: str
    shape: str
    said: str
    sessions: str
    picture: str  # its name in the packed answer, where it may be missing; empty where no picture is decoded
    age: str  # of that picture
    address: str


@lru_cache(4096)
def address(channel: str) -> str:
    """Return where a channel's page is."""
    return f"/channels/one?{urlencode({'name': channel})}"


def in_words(words: Words, channel: Channel) -> str:
    """Return a channel's state in words: its worst faults, or that it plays."""
    if not channel.faults:
        return words(f"channels.state.{channel.look}")
    said = dict.fromkeys(fault_in_words(words, fault) for fault in channel.faults)
    first, more = list(said)[:2], len(said) - 2
    return ", ".join(first) + (f" +{more}" if more > 0 else "")


def fault_in_words(words: Words, fault: Fault) -> str:
    """Return what is wrong, in two or three words; the alert's name where it is none of ours."""
    said = words.of("channels.fault", fault.name)
    return f"{said} ({words(f'channels.way.{fault.delivery}')})" if fault.delivery in ("stream", "multicast") else said


def tiles(words: Words, channels: Sequence[Channel], names: Mapping[Place, str], now: float) -> list[Tile]:
    """Return the channels as tiles, in their order."""
    return [_tile(words, channel, names, now) for channel in channels]


def _tile(words: Words, channel: Channel, names: Mapping[Place, str], now: float) -> Tile:
    look, seen = channel.look, channel.shown
    place = Place(seen.instance, seen.delivery, channel.name) if seen else None
    return Tile(
        channel.name,
        look,
        SHAPES.get(look, "□"),
        in_words(words, channel),
        "" if channel.sessions is None else figure(words, channel.sessions, "count"),
        names.get(place, "/".join(place)) if place else "",
        words.span(max(0.0, now - seen.at)) if seen else "",
        address(channel.name),
    )
