"""The tables `[[picture]]` and `[picture_decoder]` of the agent's settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.sources.picture.schedule import Schedule, window
from service.setting_types import time_zone

EXPECTED = "black", "still", "silent", "format"  # what the times of a channel are given for
EVERY = "*"  # the channel that stands for all that have no table of their own


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """One channel whose picture and sound are looked into, or all that have no table of their own."""

    channel: str  # as in [[stream]] and [[multicast]]; "*" for all others
    enabled: bool = True  # false leaves one channel out of "*"
    # When this is what the channel means to send, and no fault: "always", "01:00-06:00", "sat-sun 02:00-05:00"
    black: Sequence[str] = field(default=())
    still: Sequence[str] = field(default=())  # a test card, a slide, the cover of a radio channel
    silent: Sequence[str] = field(default=())
    format: Sequence[str] = field(default=())  # when the channel changes its format on purpose, and back
    timezone: str = "UTC"  # of those times, such as "Asia/Almaty"

    def __post_init__(self) -> None:
        faults = []
        if not 0 < len(self.channel) <= 64 or not self.channel.isprintable() or "/" in self.channel:
            faults.append('channel must be a name of 1 to 64 characters without a slash, or "*"')
        for name in EXPECTED:
            for text in getattr(self, name):
                try:
                    window(text)
                except ValueError as error:
                    faults.append(f"{name} {error}")
        try:
            time_zone(self.timezone)
        except ValueError as error:
            faults.append(f"timezone {error}")
        if faults:
            raise ExceptionGroup("picture", [ValueError(fault) for fault in faults])

    def schedule(self, texts: Sequence[str]) -> Schedule:
        """Return the schedule of these times in the channel's time zone."""
        return Schedule(tuple(window(text) for text in texts), time_zone(self.timezone))


@dataclass(frozen=True, slots=True)
class PictureDecoder:
    """What looking into all channels together may cost, and what is kept of their pictures."""

    processes: int = 1  # that decode; one is enough for some fifty channels in HD
    memory: int = 1024 * 1024 * 1024  # bytes of address space for each
    most_pixels: int = 4096 * 2304  # of a picture; a larger one is refused before it is decoded
    pictures: int = 6  # thumbnails kept of each channel, in memory only; 0 makes none
    fault_pictures: int = 9  # that are kept around faults: before, in it, after; 0 keeps none

    def __post_init__(self) -> None:
        if not 1 <= self.processes <= 64:
            raise ValueError("processes must be between 1 and 64")
        if not 512 << 20 <= self.memory <= 16 << 30:
            raise ValueError("memory must be between 536870912 and 17179869184 bytes")
        if not 64 * 64 <= self.most_pixels <= 8192 * 4320:
            raise ValueError("most_pixels must be between 4096 and 35389440")
        if not 0 <= self.pictures <= 60:
            raise ValueError("pictures must be between 0 and 60")
        if not 0 <= self.fault_pictures <= 60:
            raise ValueError("fault_pictures must be between 0 and 60")

    def check(self, tables: Sequence[PictureSettings]) -> None:
        """Accept any number of channels: what does not fit is counted, not refused."""
