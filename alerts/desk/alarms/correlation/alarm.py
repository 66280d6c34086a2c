"""An alarm as correlation sees it: where it is, what it can explain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

PLATFORM = "platform"
LAYERS = ("power", "network", "node", "source", "service", "stream", "quality", "self")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One problem: the labels of its worst alarm, and when it began."""

    key: str
    labels: Mapping[str, str]
    began: datetime

    @property
    def layer(self) -> str:
        """Return the layer; empty where the rule names none."""
        return self.labels.get("layer", "")

    @property
    def name(self) -> str:
        """Return the rule's name."""
        return self.labels.get("alertname", "")

    @property
    def node(self) -> str:
        """Return the node; empty where the alarm is about more or something else."""
        return self.labels.get("node", "")

    @property
    def channel(self) -> str:
        """Return the channel."""
        return self.labels.get("channel", "")

    @property
    def place(self) -> str:
        """Return the element that the alarm is about: an element, a node, a site, or the platform."""
        labels = self.labels
        if labels.get("element"):
            return labels["element"]
        if labels.get("node"):
            return labels["node"]
        return f"site:{labels['site']}" if labels.get("site") else PLATFORM

    @property
    def order(self) -> tuple[int, datetime, str]:
        """Return what decides between alarms that could explain each other: the deeper layer, then the earlier one."""
        depth = LAYERS.index(self.layer) if self.layer in LAYERS else len(LAYERS)
        return depth, self.began, self.key
