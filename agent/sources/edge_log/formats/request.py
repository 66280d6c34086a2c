"""What a request says, whatever format logged it: its target, and the address of the client.

Every format hands over what its server wrote; what that means is decided here, once for all formats.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address

# RFC 9112, 3.2.2: a target may name scheme and host. varnishncsa always writes it so, HAProxy does for HTTP/2.
_ORIGIN = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
# In lower case by Traffic Server.
PROTOCOL = "(?:HTTP|http)/[0-9.]++"
# What else stands where the protocol should: of ALPN, of other protocols than HTTP, or nothing.
_PROTOCOL = re.compile(b"%b|[A-Z]{1,8}/[0-9.]{1,5}|h[23]c?|-" % PROTOCOL.encode())
_PROTOCOL_WITHIN = re.compile(b" (?:HTTP|http)/")
_WITH_PORT = re.compile(rb"([^:]+):[0-9]{1,5}")
_BRACKETS = re.compile(rb"\[([^\]]+)\](?::[0-9]{1,5})?")
# A quote as nginx, Apache and HAProxy escape it.
_QUOTE = re.compile(rb'\\x22|\\?"|#22')
_FORWARDED = re.compile(rb"(?:^|;)\s*for=([^;]*)", re.IGNORECASE)
# Names too, because Apache may log them. RFC 7239 hides a client behind an underscore.
_ADDRESS = re.compile(rb"[0-9a-z.:-][0-9a-z_.:-]*")
# What stands where a log has no account and no session, and where a player has not got its token. Apache writes an
# account of no letters as two quotes.
_NO_LETTERS = (b"", b"-", b'""', rb"\"\"", rb"\x22\x22")
NAMELESS = frozenset((*_NO_LETTERS, *b"null NULL (null) undefined unknown none None nil <nil>".split()))
# nginx and HAProxy name a Unix socket "unix:"; RFC 7239 knows "unknown", and programs print what they have not.
_NOBODY = frozenset({b"", b"-", b"unknown", b"unix", b"unix:", b"none", b"null", b"nil", b"undefined"})

_CACHED = 20_000


def joined_addresses(columns: Sequence[Sequence[bytes]]) -> Sequence[bytes]:
    """Return one column of lists of addresses: where the first column names none, the next one stands in for it."""
    return columns[0] if len(columns) == 1 else list(map(b",".join, zip(*columns, strict=True)))


def path_of(target: bytes) -> bytes:
    """Return the path of a target without its query, b"" where it has none: "*", or a host and a port.

    What stands behind "#" is no part of it: servers cut it off.
    """
    origin = origin_length(target)
    path = target[origin:].partition(b"#")[0]
    if origin and path == b"":
        return b"/"
    return path if b"/" in path else b""


def origin_length(target: bytes) -> int:
    """Return how many bytes of a request target are scheme and host; what follows is path and query."""
    if target[:1] == b"/":
        return 0
    match = _ORIGIN.match(target)
    return match.end() if match else 0


def with_query(target: bytes, query: bytes) -> bytes:
    """Return a target with the query that a log has beside it, with or without its question mark."""
    query = query.strip().removeprefix(b"?")
    return target if query in (b"", b"-") or b"?" in target else target + b"?" + query


def has_protocol(line: bytes) -> bool:
    """Return whether a request line ends with its protocol."""
    return _PROTOCOL.fullmatch(line.rpartition(b" ")[2]) is not None


def split_request(line: bytes) -> tuple[bytes, bytes]:
    """Return method and target of a request line; both are empty where it is none.

    The protocol may be missing (HTTP/0.9), and a target may hold blanks.
    """
    method, blank, rest = line.partition(b" ")
    if not blank or not rest:
        return b"", b""
    target, blank, protocol = rest.rpartition(b" ")
    if blank and _PROTOCOL.fullmatch(protocol):
        return method, target
    return (b"", b"") if _PROTOCOL_WITHIN.search(rest) else (method, rest)


def client_address(text: bytes) -> bytes:
    """Return the client's address as a server or a proxy wrote it, b"" where it names none.

    Of a list the first element that is an address counts. A port, brackets, a zone and quotes are no part of it; IPv6
    is written in one way, and an IPv4 address mapped into IPv6 is the IPv4 address.
    """
    for element in _QUOTE.sub(b"", text).split(b","):
        address = _one_address(element)
        if address:
            return address
    return b""


def _one_address(text: bytes) -> bytes:
    forwarded = _FORWARDED.search(text)
    # W3C writes a blank as "+".
    text = (forwarded[1] if forwarded else text).strip(b" \t+").lower()
    match = _BRACKETS.fullmatch(text) or _WITH_PORT.fullmatch(text)
    text = (match[1] if match else text).partition(b"%")[0]
    if text in _NOBODY or not _ADDRESS.fullmatch(text):
        return b""
    return _one_spelling(text) if text.count(b":") > 1 else text


def _one_spelling(text: bytes) -> bytes:
    """Return an IPv6 address as everybody writes it; what is none stays as it is."""
    try:
        address = IPv6Address(text.decode())
    except ValueError:
        # All eight groups, and a port behind them without brackets.
        address_, _, port = text.rpartition(b":")
        return _one_spelling(address_) if text.count(b":") == 8 and port.isdigit() else text
    return str(address.ipv4_mapped or address).encode()


class Addresses(dict[bytes, bytes]):
    """Address as logged to the client's address; looking up a text that was not seen lately works it out."""

    def __missing__(self, text: bytes) -> bytes:
        if len(self) >= _CACHED:
            self.clear()
        address = self[text] = client_address(text)
        return address
