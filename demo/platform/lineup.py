"""What the platform offers: channels, and the renditions of each."""

from dataclasses import dataclass

from demo.platform.picture import Size

SEGMENT_SECONDS = 4
WINDOW_SEGMENTS = 6


@dataclass(frozen=True, slots=True)
class Rendition:
    """One quality of a channel, at a constant bit rate."""

    name: str
    size: Size
    bits_per_second: int


LOW = Rendition("low", Size(160, 96), 300_000)
MEDIUM = Rendition("medium", Size(240, 144), 600_000)
HIGH = Rendition("high", Size(320, 192), 1_200_000)

# The first is watched most; radio-like channels have no high rendition.
CHANNELS: dict[str, tuple[Rendition, ...]] = {
    "qazaqstan": (LOW, MEDIUM, HIGH),
    "khabar-24": (LOW, MEDIUM, HIGH),
    "sport-1": (LOW, MEDIUM, HIGH),
    "kino": (LOW, MEDIUM),
    "balapan": (LOW, MEDIUM),
    "music": (LOW, MEDIUM),
}

# What set-top boxes get, sent by the head-end.
BY_MULTICAST = ("qazaqstan", "sport-1")
