"""Takes the requests of players: bounded in size, rate and number, open to who has the token or a certificate."""

import hmac
import logging
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

from agent.runtime.server import CLIENT_TIMEOUT, Access, Bounds, Listener
from agent.sources.player_events.settings import PlayerEventsSettings
from service.setting_types import host_and_port

log = logging.getLogger("agent.sources.player_events.server")

LARGEST_BODY = 64 << 10
PATH = "/events"
_PIECE = 1 << 14
# A proxy in front of it is one address.
BOUNDS = Bounds(256, 64)


class EventServer(Listener):
    """Hands each body to `take`, which says whether there is room for it; `refused` is told why one was not taken."""

    def __init__(
        self,
        settings: PlayerEventsSettings,
        token: str | None,
        take: Callable[[bytes], bool],
        refused: Callable[[str], None],
    ) -> None:
        self.token, self.origins, self.take, self.refused = token, frozenset(settings.origins), take, refused
        access = Access(frozenset() if token is None else frozenset({f"Bearer {token}"}))
        super().__init__(host_and_port(settings.listen), _Handler, access, settings.tls, BOUNDS)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 12
    server: EventServer

    def do_POST(self) -> None:
        """Take the events of one request."""
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 10):
            self._refuse(411, "length")
        elif int(length) > LARGEST_BODY:
            self._refuse(413, "too_large")
        elif path != PATH:
            self._refuse(404, "path")
        elif not self._is_allowed(query):
            self._refuse(401, "unauthorized")
        else:
            body = self._body(int(length))
            if body is None:
                self._refuse(408, "slow")
            elif self.server.take(body):
                self._answer(204)
            else:
                self._refuse(429, "rate", [("Retry-After", "5")], close=False)

    def do_OPTIONS(self) -> None:
        """Tell a browser that a page of another origin may send events."""
        headers = [
            ("Access-Control-Allow-Methods", "POST"),
            ("Access-Control-Allow-Headers", "content-type, authorization"),
            ("Access-Control-Max-Age", "86400"),
        ]
        self._answer(204, headers)

    def _is_allowed(self, query: str) -> bool:
        """Look for the token in the header, or in the address, because players of browsers set no headers."""
        token = self.server.token
        if token is None:
            return True
        given = parse_qs(query).get("token", [""])[0]
        by_address = hmac.compare_digest(given.encode(), token.encode())
        return self.server.access.allows(self.headers.get("Authorization", "")) or by_address

    def _body(self, length: int) -> bytes | None:
        """Return the body; None where it takes too long, however many bytes come now and then."""
        pieces, left, end = [], length, time.monotonic() + CLIENT_TIMEOUT
        while left and time.monotonic() < end:
            piece = self.rfile.read1(min(left, _PIECE))
            if not piece:
                return None
            pieces.append(piece)
            left -= len(piece)
        return None if left else b"".join(pieces)

    def _refuse(
        self, status: int, reason: str, headers: list[tuple[str, str]] | None = None, *, close: bool = True
    ) -> None:
        self.server.refused(reason)
        # What follows on this connection may be a body that was not read.
        self.close_connection = self.close_connection or close
        self._answer(status, [*(headers or []), *([("Connection", "close")] if close else [])])

    def _answer(self, status: int, headers: list[tuple[str, str]] | None = None) -> None:
        self.send_response(status)
        origin = self.headers.get("Origin", "")
        if "*" in self.server.origins or origin in self.server.origins:
            self.send_header("Access-Control-Allow-Origin", "*" if "*" in self.server.origins else origin)
        for name, value in headers or []:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def version_string(self) -> str:
        """Name the program without the versions an attacker would look for."""
        return "ott-agent"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Requests are no events here, and their addresses hold the token."""
