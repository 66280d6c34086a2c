"""Rejected lines in the agent's own log: each reason once an hour, with what it means and how to see such a line.

The line itself is not shown: it may name a viewer.
"""

import logging
from collections.abc import Mapping

from agent.sources.edge_log.formats.batch import Reason

log = logging.getLogger("agent.sources.edge_log")

EVERY = 3600.0
MEANING: Mapping[str, str] = {
    Reason.FORMAT: "a line is not written in the configured format; compare format and columns with the server's",
    Reason.TIME: "a line has no time, or one that is no moment of the calendar; see format, columns and time_zone",
    Reason.STATUS: "a line has no status, or one that is no number",
    Reason.SIZE: "a line has no number of bytes; log $bytes_sent, sc-bytes, or what the server calls it",
    Reason.AHEAD: "a line is dated ahead of this node's clock; compare the clocks and time_zone",
    Reason.TOO_LONG: "a line is longer than max_line",
    Reason.TRUNCATED: "a file ends within a line, or the server cut a long request short; let Varnish log more by "
    "vsl_reclen, HAProxy by tune.http.logurilen",
}


class RejectLog:
    """Tells of the rejects of one service."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._counts: dict[str, int] = {}
        self._told: dict[str, float] = {}

    def resume(self, counts: Mapping[str, int]) -> None:
        """Take note of what was counted, and told, before a restart."""
        self._counts = dict(counts)

    def note(self, counts: Mapping[str, int], path: str, now: float) -> None:
        """Tell of the reasons for which lines of a file were rejected since the last call."""
        if counts == self._counts:
            return
        for reason, count in counts.items():
            told = self._told.get(reason)
            if count == self._counts.get(reason, 0) or (told is not None and 0 <= now - told < EVERY):
                continue
            self._told[reason] = now
            log.warning(
                "lines are rejected",
                extra={
                    "service": self._service,
                    "path": path,
                    "reason": str(reason),
                    "detail": f"{MEANING[reason]}; ott-agent replay shows the first such line",
                },
            )
        self._counts = dict(counts)
