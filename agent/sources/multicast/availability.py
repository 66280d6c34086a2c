"""Seconds of service by TR 101 290, 5.4 and 6.1: errored, severely errored, unavailable."""

from dataclasses import dataclass

SEVERE_SHARE = 0.01  # of a second's packets, missing or damaged; the report leaves the share to the operator
_RUN = 10  # severely errored seconds in a row begin unavailable time, and as many others end it


@dataclass(slots=True)
class Second:
    """What one second of a channel had."""

    packets: int = 0
    faults: int = 0  # packets missing or damaged
    unsynchronised: bool = False  # for any part of it

    @property
    def severe(self) -> bool:
        """Whether the second is severely errored."""
        whole = self.packets + self.faults
        return self.unsynchronised or self.packets == 0 or self.faults >= SEVERE_SHARE * whole


@dataclass(slots=True)
class Availability:
    """Counts of seconds over the life of one channel."""

    seconds: int = 0
    errored: int = 0
    severe: int = 0
    unavailable: int = 0
    is_available: bool = True
    _run: int = 0  # seconds in a row that speak against the present state

    def take(self, second: Second) -> None:
        """Count a second. Unavailable time includes the ten seconds that began it, and not the ten that ended it."""
        severe = second.severe
        self.seconds += 1
        self.severe += severe
        self.errored += severe or second.faults > 0
        against = severe == self.is_available  # the second speaks against the present state
        if not against:
            # In unavailable time the good seconds before this one were too few to end it.
            self.unavailable += 0 if self.is_available else self._run + 1
            self._run = 0
            return
        self._run += 1
        if self._run == _RUN:
            self.unavailable += _RUN if self.is_available else 0
            self.is_available = not self.is_available
            self._run = 0
