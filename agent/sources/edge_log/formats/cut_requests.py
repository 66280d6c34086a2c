"""Requests that a server cut short where it wrote them: how they are told, and what of a target still counts.

HAProxy cuts a request line at `tune.http.logurilen`. Varnish cuts what follows the origin at `vsl_reclen`, and writes
every target with scheme and host, so that only the length tells.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.sources.edge_log.formats.batch import Batch, Reason
from agent.sources.edge_log.formats.request import has_protocol, origin_length
from agent.sources.edge_log.formats.rows import RowError

# As the servers come, unless they were told to log more.
HAPROXY_CUTS, VARNISH_CUTS = 1023, 254


def cut_by_haproxy(line: bytes) -> bool:
    """Return whether a request line is as long as HAProxy leaves it, or longer, and has no protocol any more."""
    return len(line) >= HAPROXY_CUTS and not has_protocol(line)


def cut_by_varnish(target: bytes) -> bool:
    """Return whether a target is as long as Varnish leaves those that are longer."""
    origin = origin_length(target)
    return bool(origin) and len(target) - origin == VARNISH_CUTS


def what_is_left(target: bytes, identity: Sequence[re.Pattern[bytes]]) -> bytes:
    """Return a target that was cut short without the parameter at its end, which may be a part of what it was.

    Raise RowError where the path may be such a part, or where none of the patterns of an identity is found in what
    is left.
    """
    left = _what_is_left(target, identity)
    if left is None:
        raise RowError(Reason.TRUNCATED)
    return left


def without_cuts(batch: Batch, identity: Sequence[re.Pattern[bytes]]) -> Batch:
    """Return a batch of Varnish's with what is left of the targets that it cut short, and without the other ones."""
    # Varnish writes all targets with scheme and host, or none.
    if next(filter(None, batch.uris), b"/").startswith(b"/"):
        return batch
    cut = [row for row, target in enumerate(batch.uris) if len(target) > VARNISH_CUTS and cut_by_varnish(target)]
    if not cut:
        return batch
    left = {row: _what_is_left(batch.uris[row], identity) for row in cut}
    uris = [left.get(row) or target for row, target in enumerate(batch.uris)]
    return replace(batch, uris=uris).without({row for row in cut if left[row] is None}, Reason.TRUNCATED)


def _what_is_left(target: bytes, identity: Sequence[re.Pattern[bytes]]) -> bytes | None:
    end = max(target.find(b"?"), target.rfind(b"&"))
    left = target[: max(end, 0)]
    return left if left and (not identity or any(pattern.search(left) for pattern in identity)) else None
