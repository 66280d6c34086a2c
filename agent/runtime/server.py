"""The agent's HTTP server: /metrics, /pictures, /healthz, /readyz.

Each connection has a thread of its own and a time-out on every read and write, so a client that sends or takes its
bytes slowly holds up nobody; between two requests it is kept for longer than scrapes are apart. The figures are
collected before the first byte of the answer is sent. The TLS handshake happens in that thread, too.
"""

import base64
import gzip
import hmac
import logging
import socket
import ssl
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from prometheus_client import CollectorRegistry

from agent.runtime import exposition
from agent.runtime.settings import Auth, Tls
from service.listening import KEEP_ALIVE

if TYPE_CHECKING:
    import io

    from agent.runtime.collector import Page

log = logging.getLogger("agent.runtime.server")

CLIENT_TIMEOUT = 10.0
# Prometheus, a second one, and an engineer; more is a mistake or an attack. One address gets only its share, so that
# no single client can keep Prometheus out.
MOST_CONNECTIONS = 64
MOST_PER_ADDRESS = 16
TELL_EVERY = 60.0
# Level 1 halves the time of level 6 and leaves the text a tenth longer.
GZIP_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Access:
    """Who may read /metrics: the `Authorization` headers that open it; with none everybody may."""

    accepted: frozenset[str]

    @classmethod
    def of(cls, auth: Auth | None) -> "Access":
        """Read the secrets; raise OSError when one cannot be read."""
        accepted = set()
        if auth is not None and auth.token is not None:
            accepted.add(f"Bearer {auth.token.read()}")
        if auth is not None and auth.basic is not None:
            pair = f"{auth.basic.username}:{auth.basic.password.read()}".encode()
            accepted.add(f"Basic {base64.b64encode(pair).decode()}")
        return cls(frozenset(accepted))

    def allows(self, header: str) -> bool:
        """Compare without telling by the time taken how much of the secret was right."""
        scheme, _, secret = header.partition(" ")
        given = f"{scheme.capitalize()} {secret}".encode()  # schemes are written in any case (RFC 9110, 11.1)
        matches = [hmac.compare_digest(given, accepted.encode()) for accepted in self.accepted]
        return not matches or any(matches)

    @property
    def challenge(self) -> str:
        """What a refused client is told to bring."""
        schemes = sorted({accepted.partition(" ")[0] for accepted in self.accepted})
        return ", ".join(f'{scheme} realm="ott-agent"' for scheme in schemes)


class Bounds(NamedTuple):
    """How many connections there may be at a time."""

    altogether: int = MOST_CONNECTIONS
    per_address: int = MOST_PER_ADDRESS


class Listener(ThreadingHTTPServer):
    """A bounded number of connections, altogether and from one address, encrypted where that is wanted."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        access: Access,
        tls: Tls | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._most, self._most_per_address = bounds or Bounds()
        self.admit(access, tls)
        self._connections: Counter[str] = Counter()  # by address
        self._lock = threading.Lock()
        self._tell_again = 0.0
        super().__init__(address, handler)

    def admit(self, access: Access, tls: Tls | None) -> None:
        """Take new secrets and certificates; they hold for new connections."""
        self.access = access
        self._context = tls_context(tls) if tls is not None else None

    def server_bind(self) -> None:
        """Bind without http.server's reverse look-up of the address, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hand the connection to a thread, or close it when its address or all have too many."""
        client = client_address[0]
        with self._lock:
            full = self._connections.total() >= self._most or self._connections[client] >= self._most_per_address
            if not full:
                self._connections[client] += 1
        if full:
            now = time.monotonic()
            if now >= self._tell_again:  # a flood of connections must not become a flood of lines
                log.warning("too many connections", extra={"limit": self._most, "per_address": self._most_per_address})
                self._tell_again = now + TELL_EVERY
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no more threads at the moment; the connection is closed, and must not count for ever
            self._leave(client)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection in its thread."""
        try:
            request.settimeout(CLIENT_TIMEOUT)
            if self._context is not None:
                try:
                    request = self._context.wrap_socket(request, server_side=True)
                except OSError as error:  # a failed handshake, a client without certificate, or none at all
                    log.debug("TLS handshake failed", extra={"reason": str(error)})
                    self.shutdown_request(request)
                    return
            super().process_request_thread(request, client_address)
        finally:
            self._leave(client_address[0])

    def _leave(self, client: str) -> None:
        with self._lock:
            self._connections[client] -= 1
            self._connections += Counter()  # drops the addresses that have none left

    def handle_error(self, *_: Any) -> None:
        """Say nothing aloud: a client that goes away in the middle is no event."""
        log.debug("connection ended", exc_info=True)


class Server(Listener):
    """Serves one registry."""

    def __init__(
        self,
        address: tuple[str, int],
        registry: CollectorRegistry,
        *,
        ready: Callable[[], bool],
        access: Access,
        tls: Tls | None = None,
    ) -> None:
        # What is served beside /metrics, to whoever may read that.
        self.page: Callable[[str], Page | None] = lambda _: None
        self.registry, self.ready = registry, ready
        super().__init__(address, _Handler, access, tls)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "ott-agent"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # head and body of an answer leave together
    server: Server
    asked_before = False

    def handle_one_request(self) -> None:
        """Serve a request; for one that follows another there is more time to begin."""
        if self.asked_before and not self._begins():
            self.close_connection = True
            return
        self.asked_before = True
        super().handle_one_request()

    def _begins(self) -> bool:
        self.connection.settimeout(KEEP_ALIVE)
        try:
            return bool(cast("io.BufferedReader", self.rfile).peek(1))
        except TimeoutError:
            return False
        finally:
            self.connection.settimeout(CLIENT_TIMEOUT)

    def do_GET(self) -> None:
        """Answer one request."""
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._answer(200, b"ok\n")
        elif path == "/readyz":
            ready = self.server.ready()
            self._answer(200 if ready else 503, b"ready\n" if ready else b"not every collector has run yet\n")
        elif path != "/metrics" and not path.startswith("/pictures"):
            self._answer(404, b"not found; the metrics are at /metrics\n")
        elif not self.server.access.allows(self.headers.get("Authorization", "")):
            self._answer(401, b"unauthorized\n", [("WWW-Authenticate", self.server.access.challenge)])
        elif path == "/metrics":
            self._metrics()
        else:
            self._page(path)

    def do_HEAD(self) -> None:
        """Answer without a body, as balancers check whether a service lives."""
        self.do_GET()

    def _metrics(self) -> None:
        body = exposition.text(self.server.registry)
        headers = [("Content-Type", exposition.CONTENT_TYPE)]
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, GZIP_LEVEL)
            headers.append(("Content-Encoding", "gzip"))
        self._answer(200, body, headers)

    def _page(self, path: str) -> None:
        page = self.server.page(path)
        if page is None:
            self._answer(404, b"not found; docs/picture.md says what is at /pictures\n")
            return
        headers = [("Content-Type", page.content_type), ("Cache-Control", "no-store")]
        self._answer(200, page.body, [*headers, ("X-Content-Type-Options", "nosniff")])

    def _answer(self, status: int, body: bytes, headers: list[tuple[str, str]] | None = None) -> None:
        self.send_response(status)
        for name, value in headers or []:
            self.send_header(name, value)
        if not any(name == "Content-Type" for name, _ in headers or []):
            self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """Name the program without the versions an attacker would look for."""
        return self.server_version

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Requests are no events here; the base class would print each."""


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return the context for new connections; raise OSError when a file cannot be used or the key is open to others."""
    mode = tls.key.stat().st_mode
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise OSError(f"{tls.key} is open to other users (mode {stat.S_IMODE(mode):04o}): chmod 0640 or stricter")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.certificate, tls.key)
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
