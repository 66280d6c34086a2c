"""What a log daemon or a container puts in front of a line; any format may stand behind it."""

import re

_TAG = rb"[^ :\[\]{\"]{1,48}(?:\[[^ \]]{1,32}\])?: "
_ISO = rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
HEADER = re.compile(
    rb"^(?:"
    # RFC 3164, with or without priority, year, host and pid, and with the time that rsyslog writes since Debian 13.
    rb"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?|"
    + _ISO
    + rb") (?:[^ :]+ |[0-9A-Fa-f.]*:[0-9A-Fa-f:.]+ )?"
    + _TAG
    +
    # RFC 5424: version, time, host, program, pid, message id, and data, in which a bracket may stand within quotes.
    rb"|(?:<\d{1,3}>)?1 (?:[^ ]+ ){5}(?:-|(?:\[(?:[^\]\"\n]|\"(?:[^\"\\\n]|\\.)*+\")*+\])++) ?(?:\xef\xbb\xbf)?"
    # Kubernetes and docker compose.
    rb"|" + _ISO + rb" std(?:out|err) [FP] "
    rb"|[\w.-]{1,64} +\| "
    rb")(?:@cee: ?)?",
    re.MULTILINE,
)


def without_headers(chunk: bytes) -> bytes:
    """Return lines without what stands in front of them."""
    return HEADER.sub(b"", chunk)
