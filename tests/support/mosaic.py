"""A Prometheus and an agent with pictures, as one web server: what the console's mosaic asks."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

import av
import numpy as np

from agent.sources.media import Delivery
from agent.sources.picture.kept import Kept, Picture
from agent.sources.picture.pages import page
from agent.sources.picture.thumbnail import jpeg
from service.prometheus import Sample
from tests.contract.web import web

TOKEN = "agents"
INSTANCE = "probe-1:9780"
_FAMILIES = ("ott_ts_", "ott_stream_", "ott_stream_rendition_")


def thumbnail(shade: int) -> bytes:
    """Return a JPEG as the agent makes it."""
    rows = np.add.outer(np.arange(180), np.arange(320)) + shade
    return jpeg(av.VideoFrame.from_ndarray(np.repeat((rows % 256).astype(np.uint8)[:, :, None], 3, axis=2), "rgb24"))


@dataclass
class Platform:
    """What the server answers; `answers` has series by a piece of the query that asks for them."""

    answers: dict[str, Sequence[Sample]] = field(default_factory=dict)
    kept: dict[tuple[str, Delivery], Kept] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    latest: bytes | None = None  # instead of the pictures
    address: str = ""

    def channel(self, name: str, sessions: float, image: bytes, at: float, **up: float) -> None:
        """Add a channel with a picture by `stream`; `up` by delivery."""
        self._add("channel:ott_edge_channel_sessions:sum", Sample({"channel": name}, sessions))
        for delivery, value in up.items():
            metric = {"stream": "ott_stream_up[", "multicast": "ott_ts_up["}[delivery]
            self._add(metric, Sample({"channel": name}, value))
        labels = {"instance": INSTANCE, "channel": name, "delivery": "stream"}
        self._add("(instance, channel, delivery)", Sample(labels, at))
        self.kept[name, "stream"] = Kept((Picture(at - 4, image), Picture(at, image)), (Picture(at - 600, image),))

    def measured(self, channel: str, metric: str, value: float, **labels: str) -> None:
        """Add a figure of a channel as its page asks for it: by a family of metrics, of which `metric` is one."""
        family = max((each for each in _FAMILIES if metric.startswith(each)), key=len)
        self._add(f"{family}(", Sample({"__name__": metric, "channel": channel, "node": "probe-1"} | labels, value))

    def fault(self, channel: str, alert: str, severity: str, **labels: str) -> None:
        """Let an alert of a channel fire."""
        self._add("ALERTS", Sample({"alertname": alert, "channel": channel, "severity": severity} | labels, 1))

    def _add(self, piece: str, sample: Sample) -> None:
        self.answers[piece] = [*self.answers.get(piece, ()), sample]

    def vector(self, query: str) -> list[Sample]:
        """Return what a query finds."""
        if query.startswith("group by (instance)"):
            return [Sample({"instance": INSTANCE}, 1)]
        wanted = re.search(r'channel="((?:[^"\\]|\\.)*)"', query)
        found = [sample for piece, samples in self.answers.items() if piece in query for sample in samples]
        return [each for each in found if not wanted or each.labels.get("channel") == json.loads(f'"{wanted[1]}"')]

    def page(self, path: str, authorization: str | None) -> tuple[int, str, bytes]:
        """Return what the agent answers."""
        if authorization != f"Bearer {TOKEN}":
            return 401, "text/plain", b"unauthorized\n"
        if path == "/pictures/latest" and self.latest is not None:
            return 200, "application/octet-stream", self.latest
        found = page(path, self.kept)
        return (200, found.content_type, found.body) if found else (404, "text/plain", b"not found\n")


@contextmanager
def served(platform: Platform) -> Iterator[str]:
    """Serve a platform; yield the address of its Prometheus."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            platform.asked[self.path.partition("?")[0]] += 1
            if self.path.startswith("/api/v1/targets"):
                target = {"labels": {"instance": INSTANCE}, "scrapeUrl": f"http://{platform.address}/metrics"}
                self._json({"activeTargets": [target]})
            else:
                self._answer(*platform.page(self.path, self.headers["Authorization"]))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            query = form["query"][0]
            platform.asked["query"] += 1
            if self.path.endswith("query_range"):
                self._json({"resultType": "matrix", "result": []})
                return
            result = [{"metric": each.labels, "value": [0, str(each.value)]} for each in platform.vector(query)]
            self._json({"resultType": "vector", "result": result})

        def _json(self, data: Mapping[str, Any]) -> None:
            self._answer(200, "application/json", json.dumps({"status": "success", "data": data}).encode())

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tell nothing."""

    with web(Handler) as address:
        platform.address = address
        yield f"http://{address}"
