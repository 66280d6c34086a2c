"""A billing that offers its views as JSON over HTTP, as docs/billing.md asks for it, and one that does so badly."""

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from agent.sources.billing.views.columns import VIEWS

PAGE = 50  # rows of a page, fewer than are asked for


class Offered:
    """The views; `rows` are those of each in the order of their columns, `missing` those that it does not have."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Sequence[Any]]] = {}
        self.missing: set[str] = set()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self.page_rows = PAGE
        self._objects: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
        # What is answered instead: (view, parameters) -> status, body; None: as it should be.
        self.instead: Callable[[str, dict[str, str]], tuple[int, bytes] | None] = lambda _view, _asked: None

    def answer(self, view: str, asked: dict[str, str]) -> tuple[int, bytes]:
        """Return the status and the body of a page."""
        if view not in VIEWS or view in self.missing:
            return 404, b"{}"
        rows = [row for row in self._named(view) if self._asked_for(view, row, asked)]
        first = int(asked.get("cursor", "0"))
        page = rows[first : first + min(self.page_rows, int(asked["limit"]))]
        following = str(first + len(page)) if first + len(page) < len(rows) else None
        return 200, json.dumps({"rows": page, "next": following}).encode()

    def _named(self, view: str) -> list[dict[str, Any]]:
        """Return the rows as objects; a test that changes them gives new ones."""
        rows = self.rows.get(view, [])
        if self._objects.get(view, (None, []))[0] is not rows:
            self._objects[view] = (rows, named(rows, view))
        return self._objects[view][1]

    def _asked_for(self, view: str, row: dict[str, Any], asked: dict[str, str]) -> bool:
        at = row.get(VIEWS[view].at) if VIEWS[view].at else None
        if "service" in row and row["service"] != asked["service"]:
            return False
        return at is None or asked["from"] <= at < asked["until"]


def written(value: Any) -> Any:
    """Return a value of Python as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


@contextmanager
def offered(secure: ssl.SSLContext | None = None) -> Iterator[Offered]:
    """Serve on loopback, with TLS where there is a context with a certificate for localhost."""
    billing = Offered()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            view = parts.path.rpartition("/billing_")[2]
            billing.asked.append((view, asked))
            billing.headers.append(dict(self.headers))
            status, body = billing.instead(view, asked) or billing.answer(view, asked)
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", f"{billing.url}/billing_elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    billing.url = f"http://127.0.0.1:{server.server_port}/views"
    if secure is not None:
        server.socket = secure.wrap_socket(server.socket, server_side=True)
        billing.url = f"https://localhost:{server.server_port}/views"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield billing
    finally:
        server.shutdown()
        server.server_close()


def named(rows: Iterable[Sequence[Any]], view: str) -> list[dict[str, Any]]:
    """Return rows as the objects of a page."""
    names = [column.name for column in VIEWS[view].columns]
    return [dict(zip(names, map(written, row), strict=True)) for row in rows]


def rows_of(url: str) -> dict[str, list[Sequence[Any]]]:
    """Return the rows of every view of a PostgreSQL database, in the order of the columns; without those it lacks."""
    rows: dict[str, list[Sequence[Any]]] = {}
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for name, view in VIEWS.items():
            columns = ", ".join(column.name for column in view.columns)
            with suppress(psycopg.errors.UndefinedTable):
                rows[name] = [*connection.execute(f"SELECT {columns} FROM billing_{name}").fetchall()]
    return rows


def offer(billing: Offered, url: str) -> None:
    """Have a billing offer what a database has."""
    billing.rows = rows_of(url)
    billing.missing = VIEWS.keys() - billing.rows.keys()
    billing.page_rows = 1000
