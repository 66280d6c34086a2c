"""The indicators of ETSI TR 101 290 V1.4.1 (2020-06), 5.2.1 and 5.2.2: how often each was raised, and which are now.

An indicator that lasts (a table that does not come) is counted once when its limit is exceeded, and is active until
what it misses has come.
"""

from enum import Enum


class Indicator(Enum):
    """First and second priority; the value is the number in the report and its name there."""

    SYNC_LOSS = ("1.1", "TS_sync_loss")
    SYNC_BYTE = ("1.2", "Sync_byte_error")
    PAT = ("1.3", "PAT_error")
    CONTINUITY = ("1.4", "Continuity_count_error")
    PMT = ("1.5", "PMT_error")
    PID = ("1.6", "PID_error")
    TRANSPORT = ("2.1", "Transport_error")
    CRC = ("2.2", "CRC_error")
    PCR_REPETITION = ("2.3a", "PCR_repetition_error")
    PCR_DISCONTINUITY = ("2.3b", "PCR_discontinuity_indicator_error")
    PCR_ACCURACY = ("2.4", "PCR_accuracy_error")
    PTS = ("2.5", "PTS_error")
    CAT = ("2.6", "CAT_error")

    @property
    def priority(self) -> str:
        """First or second priority: "1" or "2"."""
        return self.value[0][0]

    @property
    def title(self) -> str:
        """The report's name."""
        return self.value[1]


class Indicators:
    """The indicators of one channel."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(Indicator, 0)
        self._active: dict[Indicator, set[object]] = {indicator: set() for indicator in Indicator}

    def count(self, indicator: Indicator, times: int = 1) -> None:
        """Note an error that is over as soon as it was seen."""
        self.counts[indicator] += times

    def begin(self, indicator: Indicator, subject: object) -> None:
        """Note an error that lasts, of a table, PID or clock."""
        if subject not in self._active[indicator]:
            self._active[indicator].add(subject)
            self.counts[indicator] += 1

    def end(self, indicator: Indicator, subject: object) -> None:
        """Note that it is over."""
        self._active[indicator].discard(subject)

    def clear(self) -> None:
        """End all that lasts, but the loss of synchronisation: nothing else can be judged during that."""
        for indicator, subjects in self._active.items():
            if indicator is not Indicator.SYNC_LOSS:
                subjects.clear()

    def subjects(self, indicator: Indicator) -> set[object]:
        """Return the set of what raises the indicator now, which stays the same set."""
        return self._active[indicator]

    def active(self, indicator: Indicator) -> bool:
        """Return whether the indicator is raised now."""
        return bool(self._active[indicator])


class Interval:
    """How long something may stay away: judged when it comes, and while it does not."""

    def __init__(self, indicators: Indicators, indicator: Indicator, subject: object, limit: float) -> None:
        self._indicators, self._indicator, self._subject, self._limit = indicators, indicator, subject, limit
        self._raised = indicators.subjects(indicator)
        self.last: float | None = None
        self.longest = 0.0  # seconds, since it was last set to 0

    def came(self, moment: float) -> None:
        """Note that it came."""
        if self.last is not None:
            self.waiting(moment)
            self.longest = max(self.longest, moment - self.last)
        self._raised.discard(self._subject)
        self.last = moment

    def waiting(self, moment: float) -> None:
        """Raise the indicator if it has stayed away for too long; from the first call on, if it never came."""
        if self.last is None:
            self.last = moment
        elif moment - self.last > self._limit:
            self._indicators.begin(self._indicator, self._subject)

    def restart(self) -> None:
        """Expect nothing of the time before the next call."""
        self._raised.discard(self._subject)
        self.last = None
