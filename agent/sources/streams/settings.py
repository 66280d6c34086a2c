"""The tables `[[stream]]` and `[stream_budget]` of the agent's settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from service.setting_types import check_url, holds_password
from service.settings import Seconds, Secret


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """One channel, probed as a player would."""

    channel: str  # the label; the same name as in the edge log, so that boards show both together
    url: str | Secret  # of the master playlist, media playlist or manifest; secret where it holds a token
    interval: Seconds = field(default=Seconds(4.0))
    # At least so long between two downloads of a segment: they are what a probe costs the edge.
    segment_interval: Seconds = field(default=Seconds(12.0))
    deadline: Seconds = field(default=Seconds(4.0))
    renditions: Literal["first", "all"] = "first"

    def __post_init__(self) -> None:
        if not 0 < len(self.channel) <= 64 or not self.channel.isprintable() or "/" in self.channel:
            raise ValueError("channel must be a name of 1 to 64 characters without a slash")
        if isinstance(self.url, str):
            try:
                check_url(self.url)
            except ValueError as error:
                raise ValueError(f"url {error}") from None
            if holds_password(self.url):
                raise ValueError('url holds a password; write url = { file = "/path" } with the URL in that file')
        if not 1 <= self.interval <= 3600:
            raise ValueError('interval must be between "1s" and "1h"')
        if not self.interval <= self.segment_interval <= 86400:
            raise ValueError('segment_interval must be between interval and "24h"')
        if not 0 < self.deadline <= 60:
            raise ValueError('deadline must be above "0s" and at most "1m"')


@dataclass(frozen=True, slots=True)
class StreamBudget:
    """What all channels together may cost."""

    requests_per_second: float = 20.0
    concurrency: int = 8  # channels probed at one time

    def __post_init__(self) -> None:
        if not 0 < self.requests_per_second <= 10_000:
            raise ValueError("requests_per_second must be above 0 and at most 10000")
        if not 1 <= self.concurrency <= 256:
            raise ValueError("concurrency must be between 1 and 256")

    def check(self, streams: Sequence[StreamSettings]) -> None:
        """Raise ValueError when the channels need more than the budget even if all goes well."""
        needed = sum(1 / stream.interval + 1 / stream.segment_interval for stream in streams)
        if needed > self.requests_per_second:
            raise ValueError(
                f"the channels ({len(streams)}) need {needed:.1f} requests a second at their intervals, "
                f"stream_budget allows {self.requests_per_second:g}; raise requests_per_second or the intervals"
            )
