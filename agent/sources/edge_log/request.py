"""What a request says, whatever format logged it: its target, and the address of the client.

Every format hands over what its server wrote; what that means is decided here, once for all formats.
"""

import re

# RFC 9112, 3.2.2: a target may name scheme and host. varnishncsa always writes it so, HAProxy does for HTTP/2.
_ORIGIN = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_PROTOCOL = re.compile(rb"HTTP/[0-9.]+")
_WITH_PORT = re.compile(rb"([^:]+):[0-9]{1,5}")
_BRACKETS = re.compile(rb"\[([^\]]+)\](?::[0-9]{1,5})?")
_FORWARDED = re.compile(rb"(?:^|;)\s*for=([^;]*)", re.IGNORECASE)
_MAPPED = re.compile(rb"::ffff:(\d{1,3}(?:\.\d{1,3}){3})", re.IGNORECASE)
# nginx and HAProxy name a Unix socket "unix:"; RFC 7239 hides a client as "unknown" or behind an underscore.
_NOBODY = frozenset({b"", b"-", b"unknown", b"unix", b"unix:", b"none", b"null", b"(null)"})

_CACHED = 20_000


def origin_length(target: bytes) -> int:
    """Return how many bytes of a request target are scheme and host; what follows is path and query."""
    if target[:1] == b"/":
        return 0
    match = _ORIGIN.match(target)
    return match.end() if match else 0


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
    return (b"", b"") if b" HTTP/" in rest else (method, rest)


def client_address(text: bytes) -> bytes:
    """Return the client's address as a server or a proxy wrote it, b"" where it names none.

    Of a list the first element that is an address counts. A port, brackets, a zone and quotes are no part of it, and an
    IPv4 address mapped into IPv6 is the IPv4 address.
    """
    for element in text.split(b","):
        address = _one_address(element)
        if address:
            return address
    return b""


def _one_address(text: bytes) -> bytes:
    text = text.strip(b' \t"+')
    forwarded = _FORWARDED.search(text)
    if forwarded:
        text = forwarded[1].strip(b' \t"')
    match = _BRACKETS.fullmatch(text) or _WITH_PORT.fullmatch(text)
    if match:
        text = match[1]
    text = text.partition(b"%")[0].lower()
    mapped = _MAPPED.fullmatch(text)
    if mapped:
        return mapped[1]
    return b"" if text in _NOBODY or text[:1] == b"_" else text


class Addresses(dict[bytes, bytes]):
    """Address as logged to the client's address; looking up a text that was not seen lately works it out."""

    def __missing__(self, text: bytes) -> bytes:
        if len(self) >= _CACHED:
            self.clear()
        address = self[text] = client_address(text)
        return address
