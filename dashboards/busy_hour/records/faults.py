"""What can go wrong between the server and the records."""


class QueryError(OSError):
    """A request that could not be answered completely; the message names the server and the chunk."""


class SourceError(QueryError):
    """A source whose series cannot be made one figure, or whose query the server refuses: other sources can be."""
