"""Odd requests as bytes on a socket, each on a channel of its own, and what came back."""

import re
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

HOST = b"Host: edge.example\r\n"
CLOSE = b"Connection: close\r\n"
AGENT = b"User-Agent: Player/1\r\n"
TIMEOUT = 10.0
SEGMENT = 9000  # bytes of every file that the servers have
FILES = (b"1.ts", b'"a".ts', b"a b.ts", b"a\\b.ts", b"\xe6.ts", b"\xd0\xb6.ts", b"1.TS")
CHANNELS = 44


@dataclass(frozen=True)
class Exchange:
    """A request and the client's part in it."""

    name: str
    request: bytes
    leaves: bool = False  # does not wait for the answer, which never comes
    half: bool = False  # ends its side of the connection behind the request

    @property
    def channels(self) -> set[str]:
        """Return the channels that the request asks for media of, if it is answered so."""
        return set(re.findall(r"GET [^ ]*/(c\d\d)/", self.request.decode("latin-1")))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    data: bytes

    @property
    def is_media(self) -> bool:
        """Return whether it has the status of a media request; HTTP/0.9 has none."""
        head = self.data[:12]
        return head[9:] in (b"200", b"206", b"304") if head.startswith(b"HTTP/") else len(self.data) >= SEGMENT

    @property
    def body(self) -> int:
        """Return the bytes of the bodies."""
        heads = sum(len(head) for head in re.findall(rb"HTTP/1\.[01] .*?\r\n\r\n", self.data, re.DOTALL))
        return len(self.data) - heads


def get(
    path: bytes, *headers: bytes, method: bytes = b"GET", protocol: bytes = b"HTTP/1.1", agent: bytes = AGENT
) -> bytes:
    """Return a request."""
    return b"%b %b %b\r\n" % (method, path, protocol) + b"".join([HOST, CLOSE, agent, *headers, b"\r\n"])


def agent(text: bytes) -> bytes:
    """Return the header of a user agent."""
    return b"User-Agent: %b\r\n" % text


EXCHANGES: Sequence[Exchange] = (
    Exchange("plain", get(b"/live/c00/1.ts")),
    Exchange("absolute form", get(b"http://edge.example/live/c01/1.ts")),
    Exchange("absolute form with port", get(b"https://edge.example:8443/live/c02/1.ts?a=1")),
    Exchange("HTTP/0.9", b"GET /live/c03/1.ts\r\n", half=True),
    Exchange("HTTP/1.0", b"GET /live/c04/1.ts HTTP/1.0\r\n\r\n"),
    Exchange("agent in Latin-1", get(b"/live/c05/1.ts", agent=agent(b"T\xe9l\xe9 STB/1"))),
    Exchange("agent with quotes and backslashes", get(b"/live/c06/1.ts", agent=agent(b'a "b" \\ c\\'))),
    Exchange("agent with quotes around", get(b"/live/c07/1.ts", agent=agent(b'"Smart TV"'))),
    Exchange("agent with brackets", get(b"/live/c08/1.ts", agent=agent(b"{a} [b] (c), d; e=f|g}"))),
    Exchange("agent with a tab", get(b"/live/c09/1.ts", agent=agent(b"a\tb"))),
    Exchange("no agent", get(b"/live/c10/1.ts", agent=b"")),
    Exchange("empty agent", get(b"/live/c11/1.ts", agent=b"User-Agent:\r\n")),
    Exchange("path in windows-1251", get(b"/live/c12/\xe6.ts")),
    Exchange("path in UTF-8", get(b"/live/c13/\xd0\xb6.ts")),
    Exchange("path with quotes", get(b'/live/c14/"a".ts')),
    Exchange("path with a backslash", get(b"/live/c15/a\\b.ts")),
    Exchange("path with a blank", get(b"/live/c16/a b.ts")),
    Exchange("escaped path, odd query", get(b'/live/c17/a%20b.ts?x="y"&z=\xe9')),
    Exchange("question marks", get(b"/live/c18/1.ts?a=b?c=/d.jpg")),
    Exchange("fragment", get(b"/live/c19/1.ts#t=10")),
    Exchange("upper case", get(b"/live/c20/1.TS")),
    Exchange("two slashes", get(b"//live/c21/1.ts")),
    Exchange("long target", get(b"/live/c22/1.ts?" + b"x" * 6000)),
    Exchange("longest target", get(b"/live/c23/1.ts?" + b"x" * 40_000)),
    Exchange("part of a file", get(b"/live/c24/1.ts", b"Range: bytes=0-99\r\n")),
    Exchange("forwarded", get(b"/live/c25/1.ts", b"X-Forwarded-For: 203.0.113.9:40000, 10.0.0.1\r\n")),
    Exchange("forwarded once more", get(b"/live/c25/1.ts", b"X-Forwarded-For: 203.0.113.9:40001\r\n")),
    Exchange("user in two words", get(b"/live/c26/1.ts", b"Authorization: Basic aXZhbiBwZXRyb3Y6eA==\r\n")),
    Exchange("user with a bracket and a quote", get(b"/live/c27/1.ts", b"Authorization: Basic YV0gImI6eA==\r\n")),
    Exchange("odd session", get(b"/live/c28/1.ts", b'X-Playback-Session-Id: \xff" \\\r\n')),
    Exchange("two in one connection", b"GET /live/c29/1.ts HTTP/1.1\r\nHost: a\r\n\r\n" + get(b"/live/c30/1.ts")),
    Exchange("HEAD", get(b"/live/c31/1.ts", method=b"HEAD")),
    Exchange("method in lower case", get(b"/live/c32/1.ts", method=b"get")),
    Exchange("PROPFIND", get(b"/live/c33/1.ts", method=b"PROPFIND")),
    Exchange("OPTIONS *", get(b"*", method=b"OPTIONS")),
    Exchange("CONNECT", get(b"edge.example:443", method=b"CONNECT")),
    Exchange("unknown protocol", get(b"/live/c34/1.ts", protocol=b"HTTP/9.9")),
    Exchange("no host", b"GET /live/c35/1.ts HTTP/1.1\r\nConnection: close\r\n\r\n"),
    Exchange("header without a colon", get(b"/live/c36/1.ts", b"no colon\r\n")),
    Exchange("half a request", b"GET /live/c37/1.ts HTTP/1.1\r\nHost: a", half=True),
    Exchange("nothing", b"\r\n\r\n", half=True),
    Exchange("GET alone", b"GET\r\n\r\n", half=True),
    Exchange("TLS", b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"\\abc\r\n\r\n', half=True),
    Exchange("client that leaves", get(b"/slow/live/c38/1.ts"), leaves=True),
)
TWO_UPSTREAMS = Exchange("one origin of two is down", get(b"/upstream/c39/1.ts"))
OVER_IPV6 = Exchange("IPv6", get(b"/live/c40/1.ts"))
OVER_MAPPED = Exchange("IPv4 mapped into IPv6", get(b"/live/c41/1.ts"))
OVER_HTTP2 = "/live/c42/1.ts"


def ask(exchange: Exchange, port: int, host: str = "127.0.0.1") -> Answer:
    """Send a request; return what comes back until the server closes the connection."""
    data = b""
    try:
        with socket.create_connection((host, port), TIMEOUT) as connection:
            connection.sendall(exchange.request)
            if exchange.leaves:
                connection.settimeout(0.3)
                connection.recv(1)
            if exchange.half:
                connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(1 << 16):
                data += more
    except OSError:
        pass  # the server, or the client that leaves, has had enough
    return Answer(data)


def ask_over_http2(url: str, *arguments: str) -> int:
    """Get a URL with curl; return the status."""
    call = ["curl", "--silent", "--max-time", str(TIMEOUT), *arguments, "--output", "/dev/null"]
    done = subprocess.run([*call, "--write-out", "%{http_code}", url], capture_output=True, text=True, check=True)
    return int(done.stdout)
