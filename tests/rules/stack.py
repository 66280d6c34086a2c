"""Real Prometheus and Alertmanager with the shipped rules, routing and scrape settings, between stand-ins.

The agents are stand-ins that can refuse, hang or fail one scrape; the desk is a stand-in that notes what arrives when.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx

from demo import ports
from demo.ports import free_port
from demo.processes import Program, answers, stop_all, wait_until
from tests.conftest import ROOT
from tests.contract.web import Server

TOKEN = "0123456789abcdef"


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: the tests look at what arrived."""

    def answer(self, code: int, body: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Agent:
    """A node's agent. It answers until told otherwise."""

    def __init__(self, node: str, site: str, role: str = "edge", body: bytes = b"node_time_seconds 0\n") -> None:
        self.labels = {"node": node, "site": site, "role": role}
        self._body = body
        self._fail = 0
        self._hang = threading.Event()
        self._server: Server | None = None
        self.port = free_port()
        self.repair()

    def repair(self) -> None:
        """Answer again."""
        self._hang.clear()
        if self._server is None:
            outer = self

            class Handler(_Quiet):
                def do_GET(self) -> None:
                    outer._serve(self)

            self._server = Server(("127.0.0.1", self.port), Handler)
            threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    def refuse(self) -> None:
        """Close the port, as a killed program does."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def hang(self) -> None:
        """Take connections and say nothing, as long as a switched-off node does."""
        self._hang.set()

    def fail(self, scrapes: int) -> None:
        """Fail the next scrapes and answer again."""
        self._fail = scrapes

    def _serve(self, request: _Quiet) -> None:
        if self._hang.is_set():
            time.sleep(10)  # longer than any scrape timeout
        elif self._fail:
            self._fail -= 1
            request.answer(500)
        else:
            request.answer(200, self._body)


@dataclass
class Notification:
    """One alert in one webhook."""

    at: float  # monotonic
    status: str
    labels: dict[str, str]


@dataclass
class Desk:
    """What arrived at the desk's address."""

    notifications: list[Notification] = field(default_factory=list)

    def about(self, alertname: str, status: str, **labels: str) -> list[Notification]:
        """Return what arrived about one alert."""
        wanted = {"alertname": alertname, **labels}.items()
        return [entry for entry in self.notifications if entry.status == status and wanted <= entry.labels.items()]

    def handler(self) -> type[_Quiet]:
        outer = self

        class Handler(_Quiet):
            def do_POST(self) -> None:
                body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                known = self.path == "/webhook/alertmanager" and self.headers.get("Authorization") == f"Bearer {TOKEN}"
                if known:
                    now = time.monotonic()
                    outer.notifications += [Notification(now, a["status"], a["labels"]) for a in body["alerts"]]
                self.answer(200 if known else 401)

        return Handler


@dataclass(frozen=True)
class Stack:
    """The running chain."""

    prometheus: str
    desk: Desk
    agents: int

    def connected(self) -> bool:
        """Return whether every agent was scraped and Prometheus has found Alertmanager, which takes it five seconds."""
        up = self._ask("query", query="count(up == 1)")["result"]
        return (
            bool(up)
            and int(up[0]["value"][1]) == self.agents
            and bool(self._ask("alertmanagers")["activeAlertmanagers"])
        )

    def _ask(self, path: str, **parameters: str) -> Any:
        answer = httpx.get(
            f"{self.prometheus}/api/v1/{path}", params=parameters, trust_env=False, verify=False, timeout=60
        )
        return answer.raise_for_status().json()["data"]

    def wait(self, condition: Callable[[], bool], seconds: float, complaint: str) -> None:
        wait_until(condition, seconds, complaint)


@contextmanager
def running(folder: Path, agents: list[Agent]) -> Iterator[Stack]:
    """Start Prometheus and Alertmanager over `agents` in `folder`, with every shipped setting but the addresses."""
    desk = Desk()
    server = Server(("127.0.0.1", 0), desk.handler())
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    prometheus, alertmanager = ports.free(2)
    token = folder / "token"
    token.write_text(TOKEN, "utf-8")
    put(
        ROOT / "alerts" / "alertmanager.yml",
        folder / "alertmanager.yml",
        {"127.0.0.1:9781": f"127.0.0.1:{server.server_port}", "/etc/prometheus/ottwatch-desk.token": str(token)},
    )
    put(
        ROOT / "deploy" / "prometheus" / "prometheus.yml",
        folder / "prometheus.yml",
        {
            "127.0.0.1:9093": f"127.0.0.1:{alertmanager}",
            "/etc/prometheus/ottwatch/rules": str(ROOT / "alerts" / "rules"),
            "/etc/prometheus/ottwatch/": f"{folder}/",
        },
    )
    (folder / "targets").mkdir()
    (folder / "targets" / "agents.yml").write_text(
        json.dumps([{"targets": [f"127.0.0.1:{agent.port}"], "labels": agent.labels} for agent in agents]), "utf-8"
    )
    programs = [
        Program(
            "alertmanager",
            [
                "prometheus-alertmanager",
                f"--config.file={folder}/alertmanager.yml",
                f"--storage.path={folder}/alertmanager",
                f"--web.listen-address=127.0.0.1:{alertmanager}",
                "--cluster.listen-address=",
            ],
            folder / "alertmanager.log",
            answers(f"http://127.0.0.1:{alertmanager}/-/ready"),
        ),
        Program(
            "prometheus",
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{prometheus}",
            ],
            folder / "prometheus.log",
            answers(f"http://127.0.0.1:{prometheus}/-/ready"),
        ),
    ]
    try:
        for program in programs:
            program.start()
        for program in programs:
            program.wait_ready()
        yield Stack(f"http://127.0.0.1:{prometheus}", desk, len(agents))
    finally:
        stop_all(list(reversed(programs)))
        for agent in agents:
            agent.refuse()
        server.shutdown()
        server.server_close()


def put(shipped: Path, target: Path, replacements: dict[str, str]) -> None:
    """Copy a shipped file with other addresses and paths in it."""
    text = shipped.read_text("utf-8")
    for old, new in replacements.items():
        assert old in text, f"{shipped} no longer holds {old}"
        text = text.replace(old, new)
    target.write_text(text, "utf-8")
