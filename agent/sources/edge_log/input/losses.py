"""What could not be guaranteed: counted, dated, and written to the agent's log."""

import logging
import time
from collections import Counter
from enum import StrEnum

log = logging.getLogger("agent.edge_log")


class Loss(StrEnum):
    """Why lines may be missing or counted twice: the values of the label `reason`."""

    TRUNCATED = "truncated"  # emptied without a copy
    VANISHED = "vanished"  # removed, or moved out of sight, before it was read to its end
    REWRITTEN = "rewritten"  # edited so that the place reached is not found in it
    UNREADABLE = "unreadable"  # a rotated log that may not be read, or is packed as nothing here can unpack
    NUL = "nul"  # NUL bytes, which a crash leaves in place of lines
    DROPPED = "dropped"  # datagrams that the kernel dropped
    AMBIGUOUS = "ambiguous"  # local times of a repeated hour that nothing tells apart
    UNSTORED = "unstored"  # the state cannot be written: a restart would count again from the last one


MEANING = {
    Loss.TRUNCATED: "a log file was truncated and has no copy; its last lines may be missing from the counters",
    Loss.VANISHED: "a log file vanished before it was read to its end; its last lines may be missing from the counters",
    Loss.REWRITTEN: "a log file was rewritten and the place reached is not in it; lines may be missing or doubled",
    Loss.UNREADABLE: "a rotated log cannot be read; its lines are missing from the counters",
    Loss.NUL: "a log file has NUL bytes, as a crash leaves them; lines may be missing from the counters",
    Loss.DROPPED: "the kernel dropped syslog datagrams; their lines are missing from the counters",
    Loss.AMBIGUOUS: "a log in local time has lines of the hour that is repeated when the clocks go back, and nothing"
    " tells which of the two; sessions of that hour may be missing or doubled; log times with their offset",
    Loss.UNSTORED: "the state cannot be stored; counting goes on, but after a restart it begins again where the last"
    " state was stored",
}


class Losses:
    """The events of one edge log, over restarts."""

    def __init__(self, counts: dict[str, int] | None = None, last: dict[str, float] | None = None) -> None:
        self.counts = Counter(counts or {})
        self.last = dict(last or {})

    def note(self, loss: Loss, path: str, reason: str = "") -> None:
        """Count an event and say it in the log."""
        self.counts[loss] += 1
        self.last[loss] = time.time()
        log.warning(MEANING[loss], extra={"path": path} | ({"reason": reason} if reason else {}))

    def goes_on(self, loss: Loss) -> None:
        """Take note that an event that was noted lasts."""
        self.last[loss] = time.time()
