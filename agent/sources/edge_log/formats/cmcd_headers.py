"""The four headers in which a player may send CMCD instead of the query (CTA-5004), as a log has them."""

import re
from collections.abc import Sequence

# By the names of nginx's variables.
CMCD_HEADERS = ("http_cmcd_request", "http_cmcd_object", "http_cmcd_status", "http_cmcd_session")
# nginx writes a quote by its code (x22), Apache behind a backslash.
_ESCAPE = re.compile(rb'\\(?:x([0-9A-Fa-f]{2})|(["\\]))')
_NOTHING = frozenset({b"-", b""})


def joined(values: Sequence[bytes]) -> bytes:
    """Return the members of all headers of a request as one list; empty where it had none."""
    text = b",".join(value for value in values if value not in _NOTHING)
    if b"\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: found[2] or bytes([int(found[1], 16)]), text)


def joined_columns(columns: Sequence[Sequence[bytes]]) -> Sequence[bytes]:
    """Return the same of many requests."""
    if all(_NOTHING.issuperset(column) for column in columns):
        return [b""] * len(columns[0])
    return list(map(joined, zip(*columns, strict=True)))
