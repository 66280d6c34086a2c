"""What a log daemon or a container puts in front of a line, or around it; any format may stand within."""

import json
import re

_TAG = rb"[^ :\[\]{\"]{1,48}(?:\[[^ \]]{1,32}\])?: "
_ISO = rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_MARK = rb"\xef\xbb\xbf"
HEADER = re.compile(
    rb"^(?:"
    # RFC 3164, with or without priority, year, host and pid, and with the time that rsyslog writes since Debian 13.
    rb"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?|"
    + _ISO
    + rb") (?:[^ :]+ |[0-9A-Fa-f.]*:[0-9A-Fa-f:.]+ )?"
    + _TAG
    +
    # RFC 5424: version, time, host, program, pid, message id, and data, in which a bracket may stand within quotes.
    rb"|(?:<\d{1,3}>)?1 (?:[^ ]+ ){5}(?:-|(?:\[(?:[^\]\"\n]|\"(?:[^\"\\\n]|\\.)*+\")*+\])++) ?"
    # Kubernetes and docker compose.
    rb"|" + _ISO + rb" std(?:out|err) [FP] "
    rb"|(?:\x1b\[[0-9;]*m)*[\w.-]{1,64} +\| (?:\x1b\[[0-9;]*m)*"
    # HAProxy's formats short, priority and timed.
    rb"|<\d{1,3}>(?:" + _ISO + rb" )?"
    # The mark of UTF-8: RFC 5424 wants it before a message, rsyslog keeps it behind a header of RFC 3164, too, and a
    # file may begin with it.
    rb"|(?=" + _MARK + rb"))(?:" + _MARK + rb")?(?:@cee: ?)?",
    re.MULTILINE,
)
# "docker logs --timestamps", kubectl's, and HAProxy's format iso: a line of its own may begin so, too.
_STAMP = re.compile(rb"^" + _ISO + rb" ", re.MULTILINE)


_DOCKER = b'{"log":"'
# Docker's driver json-file; a line of more than 16 KiB is several of these, of which only the last has the line's end.
_ENVELOPE = re.compile(
    rb'^\{"log":("(?:[^"\\\n]|\\[^\n])*+"),"stream":"std(?:out|err)",(?:"attrs":\{[^\n]*?\},)?"time":"[^"\n]*"\}\r?$',
    re.MULTILINE,
)


def without_headers(chunk: bytes) -> bytes:
    """Return lines without what stands in front of them."""
    return HEADER.sub(b"", without_envelopes(chunk))


def without_stamps(chunk: bytes) -> bytes:
    """Return lines that begin with no time of their own without what stands in front of them, a time included."""
    return _STAMP.sub(b"", without_headers(chunk))


def without_envelopes(chunk: bytes) -> bytes:
    """Return the lines that Docker put into JSON as they were written; a line that holds several stays as it is.

    Docker writes all lines of a file in this way, so the first and the last one tell; looking for it everywhere would
    take a tenth of the time of other JSON.
    """
    last = chunk.rfind(b"\n", 0, -1) + 1
    return _ENVELOPE.sub(_unwrapped, chunk) if chunk.startswith(_DOCKER) or chunk.startswith(_DOCKER, last) else chunk


def _unwrapped(envelope: "re.Match[bytes]") -> bytes:
    try:
        text: str = json.loads(envelope[1])
    except ValueError:
        return envelope[0]
    line = text.removesuffix("\n").removesuffix("\r")
    return line.encode("utf-8", "surrogatepass") if text.endswith("\n") and "\n" not in line else envelope[0]
