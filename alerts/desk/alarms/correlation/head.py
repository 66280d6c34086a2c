"""A ticket that stands for itself, as correlation sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.common import Kin


@dataclass(slots=True, eq=False)
class Head:
    """A ticket that stands for itself; `ticket` is None until it is stored."""

    alarm: Alarm
    ticket: int | None = None
    members: list[Alarm] = field(default_factory=list)  # alarms of the same inferred cause, itself among them
    below: list[Alarm] = field(default_factory=list)  # what the tickets under it were opened for
    kin: Kin | None = None
    ended: datetime | None = None
    opened: datetime | None = None  # when its ticket opened
    by_hand: dict[str, bool] = field(default_factory=dict)  # problems that an engineer put in, or took out
    fixed: bool = False  # an engineer took it out, or it outlived its cause: it is not folded again

    @property
    def own(self) -> Sequence[Alarm]:
        """Return the alarms that are the problem itself."""
        return self.members or [self.alarm]
