"""A format around another, whose lines it reads and changes; about the lines it says what the inner one says."""

from agent.sources.edge_log.formats.batch import LineFormat


class Wrapped:
    """The inner format and its properties."""

    def __init__(self, inner: LineFormat) -> None:
        self._inner = inner

    @property
    def closed(self) -> bool:
        """Return whether the format's end mark shows that a line without its newline is whole."""
        return self._inner.closed

    @property
    def has_durations(self) -> bool:
        """Return whether lines carry the request's time."""
        return self._inner.has_durations

    @property
    def times_begin(self) -> bool:
        """Return whether a line's time is when its request began."""
        return self._inner.times_begin
