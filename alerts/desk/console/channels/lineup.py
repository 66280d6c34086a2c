"""The channels as Prometheus knows them: one round of queries for everybody, and what each channel's state is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import isfinite

from alerts.desk.console.overview.snapshot import KEEP, NOW_PERIOD, together
from alerts.desk.console.shared import Known, Shared
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.severities import SEVERITIES
from service.http_clients import inside
from service.prometheus import Sample

OTHER = "other"  # what the agents call all channels beyond the largest
STREAM, MULTICAST = "stream", "multicast"
# Gauges are held over a missed scrape.
QUERIES = {
    "sessions": "channel:ott_edge_channel_sessions:sum",
    STREAM: "min by (channel) (last_over_time(ott_stream_up[14s]))",
    MULTICAST: "min by (channel) (last_over_time(ott_ts_up[14s]))",
    "alerts": 'ALERTS{alertstate="firing",channel!="",severity!=""}',
    "pictures": "max by (instance, channel, delivery) (last_over_time(ott_picture_seen_timestamp_seconds[14s]))",
    "stalls": (
        "sum by (channel) (node_channel:ott_qoe_stalled:rate5m)"
        " / (sum by (channel) (node_channel:ott_qoe_watched:rate5m) > 0)"
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """An alert of a channel that fires."""

    name: str
    severity: str
    delivery: str  # how the channel arrives where it is seen; empty where the alert does not say
    node: str

    @property
    def rank(self) -> int:
        """Return what sorts the worst first."""
        return SEVERITIES.index(self.severity) if self.severity in SEVERITIES else len(SEVERITIES)


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a picture of a channel was last decoded, and its moment."""

    instance: str
    delivery: str
    at: float


@dataclass(slots=True)
class Channel:
    """One channel; what is None is not known."""

    name: str
    sessions: float | None = None
    up: dict[str, bool] = field(default_factory=dict)  # by delivery: whether it arrives everywhere
    faults: list[Fault] = field(default_factory=list)  # the worst first, each alert once
    pictures: list[Seen] = field(default_factory=list)
    stalls: float | None = None

    @property
    def look(self) -> str:
        """Return the state: a severity, or "down", "plays", "unknown"."""
        if self.faults:
            return self.faults[0].severity
        if not self.up:
            return "unknown"
        return "plays" if all(self.up.values()) else "down"

    @property
    def urgency(self) -> tuple[int, float, str]:
        """Return what sorts the worst first, then the most watched."""
        rank = self.faults[0].rank if self.faults else {"down": 5, "plays": 7, "unknown": 8}[self.look]
        return rank, -(self.sessions or 0), self.name

    @property
    def wrong(self) -> bool:
        """Return whether somebody should look at it."""
        return bool(self.faults) or self.look == "down"

    @property
    def shown(self) -> Seen | None:
        """Return whose picture stands for the channel: where it is wrong, else as the viewers of streams see it."""
        wrong = {fault.delivery for fault in self.faults}
        return max(self.pictures, key=lambda one: (one.delivery in wrong, one.delivery == STREAM, one.at), default=None)


@dataclass(frozen=True, slots=True)
class Round:
    """The channels at one moment, the worst first."""

    at: datetime
    channels: Sequence[Channel]


class Lineup:
    """All channels, asked for while somebody watches."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._client = inside()
        self._shared = Shared(self._ask, NOW_PERIOD, KEEP)

    async def latest(self) -> Known[Round]:
        """Return the channels as known now."""
        return await self._shared.latest()

    def _ask(self) -> Round:
        now = self._runtime.now()
        answers = together({name: partial(self._values, query) for name, query in QUERIES.items()})
        return Round(now, channels({name: found or () for name, found in answers.items()}))

    def _values(self, query: str) -> list[Sample]:
        return [each for each in self._runtime.prometheus(self._client).query(query) if isfinite(each.value)]


def channels(answers: Mapping[str, Iterable[Sample]]) -> list[Channel]:
    """Return the channels of the answers to QUERIES, the worst first."""
    found: dict[str, Channel] = {}

    def of(sample: Sample) -> Channel:
        name = sample.labels.get("channel", "")
        return found.setdefault(name, Channel(name))

    for sample in answers["sessions"]:
        of(sample).sessions = sample.value
    for delivery in (STREAM, MULTICAST):
        for sample in answers[delivery]:
            of(sample).up[delivery] = bool(sample.value)
    for sample in answers["pictures"]:
        seen = Seen(sample.labels.get("instance", ""), sample.labels.get("delivery", ""), sample.value)
        of(sample).pictures.append(seen)
    for sample in answers["stalls"]:
        of(sample).stalls = sample.value
    for sample in answers["alerts"]:
        of(sample).faults.append(_fault(sample.labels))
    for channel in found.values():
        distinct = {(fault.name, fault.delivery): fault for fault in channel.faults}
        channel.faults = sorted(distinct.values(), key=lambda fault: (fault.rank, fault.name, fault.delivery))
    named = [channel for name, channel in found.items() if name and name != OTHER]
    return sorted(named, key=lambda channel: channel.urgency)


def _fault(labels: Mapping[str, str]) -> Fault:
    name = labels.get("alertname", "")
    delivery = labels.get("delivery", "") or next(
        (way for prefix, way in (("Multicast", MULTICAST), ("Stream", STREAM)) if name.startswith(prefix)), ""
    )
    return Fault(name, labels.get("severity", ""), delivery, labels.get("node", ""))
