"""The running desk: what every request and every worker shares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from alerts.desk.access.attendance import Attendance
from alerts.desk.core.database import Database
from alerts.desk.core.mass_notice import MassNotice
from alerts.desk.core.metrics import Counts
from alerts.desk.core.settings import Settings
from alerts.desk.tickets.actions import Desk
from alerts.desk.tickets.policy import Policy
from service.prometheus import Client


def utc_now() -> datetime:
    """Return the time: the only place below `__main__` that knows a clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Refused:
    """Settings or a topology that were read again and not taken over, with what is wrong; the old ones stay."""

    at: datetime
    faults: Sequence[str]


@dataclass(slots=True)
class Runtime:
    """Settings, storage, policy and counters of one process."""

    settings: Settings
    database: Database
    policy: Policy
    now: Callable[[], datetime] = utc_now
    counts: Counts = field(default_factory=Counts)
    attendance: Attendance = field(default_factory=Attendance)
    refused: Refused | None = None
    masses: Sequence[MassNotice] = ()  # of appeals, as of the latest look

    def prometheus(self, http: httpx.Client) -> Client:
        """Return the client of the Prometheus that the settings name; raise OSError where they name none."""
        if not self.settings.prometheus:
            raise OSError("the settings name no prometheus")
        return Client(self.settings.prometheus, http, token=self.settings.token_of_prometheus())

    @property
    def desk(self) -> Desk:
        """Return what actions and timers need, with the policy as it is at this moment."""
        return Desk(self.database, self.policy, self.now)
