"""A log whose times are when requests began: Envoy's START_TIME, Traefik's StartUTC, Apache's %t."""

from agent.sources.edge_log.formats.batch import LineFormat, Parser
from agent.sources.edge_log.formats.by_name import PRESETS
from agent.sources.edge_log.formats.wrapped import Wrapped


class FromStart(Wrapped):
    """A format whose lines are read as they are."""

    def parser(self, state: str = "") -> Parser:
        """Return the inner parser."""
        return self._inner.parser(state)

    @property
    def times_begin(self) -> bool:
        """Return that a line's time is when its request began."""
        return True


def timed(log_format: LineFormat, name: str, of_request: str) -> LineFormat:
    """Return the format with times of the `start` or the `end` of requests; raise ValueError with the remedy."""
    if of_request not in ("start", "end"):
        raise ValueError(f'time_of_request must be "start" or "end", not "{of_request}"')
    if of_request == "end":
        return log_format
    if name in PRESETS or name in ("caddy", "haproxy", "w3c"):
        raise ValueError(f'time_of_request: format "{name}" has its own; remove it, or give the log_format of your own')
    return FromStart(log_format)
