"""The table `[billing]` of `desk.toml`: the desk keeps cases of billing faults, and in what time each step is due."""

from dataclasses import dataclass, field

from service.settings import Seconds

MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class BillingCaseSettings:
    """Whether faults have cases, targets of the case's clocks, and from when on a figure of the agent is too old."""

    cases: bool = True  # false: the pages of billing alone; a ticket about a fee then ends with its alarm
    scoped: Seconds = field(default=Seconds(30 * MINUTE))
    contained: Seconds = field(default=Seconds(2 * HOUR))
    corrected: Seconds = field(default=Seconds(24 * HOUR))
    told: Seconds = field(default=Seconds(24 * HOUR))  # after the correction
    compensated: Seconds = field(default=Seconds(72 * HOUR))
    stale: Seconds = field(default=Seconds(5 * MINUTE))
    watched: Seconds = field(default=Seconds(24 * HOUR))  # how long everything has to stay at zero before it is closed

    def __post_init__(self) -> None:
        if self.stale < MINUTE:
            raise ValueError("stale must be at least a minute: the agent counts once a minute")
