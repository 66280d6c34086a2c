"""The alerts of one problem."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.desk.alarms.webhook import Alert


@dataclass(slots=True)
class Problem:
    """The alerts of a notification that make one ticket."""

    key: str
    labels: Mapping[str, str]
    alerts: list[Alert] = field(default_factory=list)
    annotations: Mapping[str, str] = field(default_factory=dict)
    truncated: int = 0  # alerts of the group that the sender left out
    outlived: str = ""  # the title of works that are over though its alarms fire
