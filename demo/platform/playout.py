"""What a player has buffered, when its picture stood still, and what it tells the edge about it (CMCD, CTA-5004)."""

import random
import uuid
from dataclasses import dataclass
from urllib.parse import quote

from demo.platform.lineup import SEGMENT_SECONDS, Rendition


class Buffer:
    """A buffer that falls with the clock and grows by each segment; times are Unix seconds."""

    def __init__(self) -> None:
        self._empty_at: float | None = None  # None until the first segment has come

    @property
    def is_playing(self) -> bool:
        """Return whether the picture has begun."""
        return self._empty_at is not None

    def level(self, now: float) -> float:
        """Return the seconds that are left."""
        return 0.0 if self._empty_at is None else max(0.0, self._empty_at - now)

    def add(self, now: float, seconds: float) -> tuple[float, float] | None:
        """Take a segment; return begin and end of the stall that it ended."""
        empty_at = self._empty_at
        self._empty_at = seconds + (now if empty_at is None else max(now, empty_at))
        return (empty_at, now) if empty_at is not None and empty_at < now else None


@dataclass(slots=True)
class Reporter:
    """Writes the CMCD of one playback."""

    session: str
    channel: str
    rendition: Rendition
    version: int
    throughput: float | None = None  # bit/s of the last segment
    starved: bool = False  # whether the picture has stood still since the last segment request
    requests: int = 0

    @classmethod
    def begin(cls, rng: random.Random, channel: str, rendition: Rendition, version: int) -> "Reporter":
        """Return the reporter of a new playback."""
        return cls(str(uuid.UUID(int=rng.getrandbits(128), version=4)), channel, rendition, version)

    def playlist(self, buffer: Buffer) -> str:
        """Return the query's parameter for a playlist."""
        return self._written({"ot": "m"}, buffer)

    def segment(self, buffer: Buffer, now: float) -> str:
        """Return the query's parameter for a segment."""
        level = f"{round(buffer.level(now) * 10) * 100}"
        rate = f"{self.rendition.bits_per_second // 1000}"
        members = {"ot": "av", "bl": self._list(level), "br": self._list(rate), "d": f"{SEGMENT_SECONDS * 1000}"}
        if self.throughput is not None:
            members["mtp"] = self._list(f"{round(self.throughput / 1e5) * 100}")
        if self.starved:
            members["bs"], self.starved = "", False
        return self._written(members, buffer)

    def received(self, size: int, seconds: float) -> None:
        """Measure the throughput by a segment."""
        self.throughput = size * 8 / max(seconds, 1e-3)

    def _list(self, value: str) -> str:
        return value if self.version == 1 else f"({value})"

    def _written(self, members: dict[str, str], buffer: Buffer) -> str:
        self.requests += 1
        members |= {"sid": f'"{self.session}"', "cid": f'"{self.channel}"', "sf": "h", "st": "l"}
        if not buffer.is_playing:
            members["su"] = ""
        if self.version > 1:
            state = "p" if buffer.is_playing else "s"
            members |= {"v": str(self.version), "sn": str(self.requests), "sta": state}
        text = ",".join(f"{key}={value}" if value else key for key, value in sorted(members.items()))
        return f"CMCD={quote(text, safe='')}"
