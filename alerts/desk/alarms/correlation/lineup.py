"""Which channels the platform has, and by how many nodes each of them is watched."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

QUERY = "count by (channel, site) (ott_stream_up)"
Told = tuple[Mapping[str, str], float]
"""Labels and value of an answer."""

BY_NODE = "count by (node) (ott_stream_up)"


@dataclass(frozen=True, slots=True)
class Lineup:
    """What is watched where; empty where that is not known."""

    observers: Mapping[tuple[str, str], int] = field(default_factory=dict)  # nodes, by channel and site
    on_node: Mapping[str, int] = field(default_factory=dict)  # channels, by node

    @property
    def channels(self) -> list[str]:
        """Return the channels."""
        return sorted({channel for channel, _ in self.observers})

    def count(self, site: str = "") -> int:
        """Return how many channels there are, on the platform or at a site; 0: not known."""
        return len({channel for channel, place in self.observers if site in ("", place)})

    def watching(self, channel: str, site: str = "") -> int:
        """Return how many nodes watch a channel; 0: not known."""
        if site:
            return self.observers.get((channel, site), 0)
        return sum(number for (name, _), number in self.observers.items() if name == channel)


def read(by_channel: Iterable[Told], by_node: Iterable[Told]) -> Lineup:
    """Return what the two queries answer."""
    return Lineup(
        {(labels.get("channel", ""), labels.get("site", "")): int(value) for labels, value in by_channel},
        {labels.get("node", ""): int(value) for labels, value in by_node},
    )


def together(looks: Iterable[Lineup]) -> Lineup:
    """Return the most of several looks: what is silent at one of them may be what fails."""
    observers, on_node = Counter[tuple[str, str]](), Counter[str]()
    for look in looks:
        observers |= Counter(look.observers)
        on_node |= Counter(look.on_node)
    return Lineup(observers, on_node)
