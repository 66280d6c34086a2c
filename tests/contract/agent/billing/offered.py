"""A billing that offers its views as JSON over HTTP, as docs/billing.md asks for it, and one that does so badly."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

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
        # What is answered instead: (view, parameters) -> status, body; None: as it should be.
        self.instead: Callable[[str, dict[str, str]], tuple[int, bytes] | None] = lambda _view, _asked: None

    def answer(self, view: str, asked: dict[str, str]) -> tuple[int, bytes]:
        """Return the status and the body of a page."""
        if view not in VIEWS or view in self.missing:
            return 404, b"{}"
        rows = [row for row in map(self._named(view), self.rows.get(view, ())) if self._asked_for(view, row, asked)]
        first = int(asked.get("cursor", "0"))
        page = rows[first : first + min(PAGE, int(asked["limit"]))]
        following = str(first + len(page)) if first + len(page) < len(rows) else None
        return 200, json.dumps({"rows": page, "next": following}).encode()

    def _named(self, view: str) -> Callable[[Sequence[Any]], dict[str, Any]]:
        names = [column.name for column in VIEWS[view].columns]
        return lambda row: {name: written(value) for name, value in zip(names, row, strict=True)}

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
def offered() -> Iterator[Offered]:
    """Serve on loopback."""
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
    threading.Thread(target=server.serve_forever, daemon=True).start()
    billing.url = f"http://127.0.0.1:{server.server_port}/views"
    try:
        yield billing
    finally:
        server.shutdown()
        server.server_close()


def named(rows: Iterable[Sequence[Any]], view: str) -> list[dict[str, Any]]:
    """Return rows as the objects of a page."""
    names = [column.name for column in VIEWS[view].columns]
    return [dict(zip(names, map(written, row), strict=True)) for row in rows]
