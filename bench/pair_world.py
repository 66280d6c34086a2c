"""What surrounds a pair in its campaign: nodes that keep a ledger, somebody who writes all the time, a listener."""

import json
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from math import isfinite

import httpx

from center.pair_settings import Machine
from demo.processes import wait_until
from deploy.pair.loopback import SIDES, Pair
from tests.contract.web import web

API = "/tmf-api/troubleTicket/v5"
TICKETS = f"{API}/troubleTicket"
PERIOD = 5.0  # seconds between two scrapes of one node by one side
SECONDS = 180.0


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def reply(self, status: int, body: bytes = b"") -> None:
        with suppress(ConnectionError):  # who asked was killed meanwhile
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


@dataclass(slots=True)
class Nodes:
    """Nodes that answer, or are down; the ledger holds when each answered."""

    count: int
    down: set[int] = field(default_factory=set)
    ledger: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def answers(self, number: int) -> bool:
        """Return whether a node that is asked now answers."""
        return number not in self.down

    def handler(self) -> type[_Quiet]:
        """Return what the agents' one address serves: node N at /N."""
        nodes = self

        class Handler(_Quiet):
            def do_GET(self) -> None:
                number = int(self.path.partition("?")[0].strip("/"))
                if not nodes.answers(number):
                    self.close_connection = True
                    return
                now = round(time.time(), 3)
                self.reply(200, f"pair_answered_seconds {now:.3f}\n".encode())
                nodes.ledger[number].append(now)

        return Handler

    def targets(self, address: str, sites: int | None = None) -> str:
        """Return the nodes as Prometheus' files of targets name them, each in a site of its own or in so many sites."""
        return json.dumps(
            [
                {
                    "targets": [address],
                    "labels": {
                        "node": f"edge-{number}", "site": f"site-{number % (sites or self.count)}", "role": "edge",
                        "__metrics_path__": f"/{number}", "instance": f"edge-{number}",
                    },
                }
                for number in range(self.count)
            ]
        )  # fmt: skip


def lost(ledger: Sequence[float], stored: Iterable[float]) -> list[float]:
    """Return the answers of which no database has this one or its twin, the other side's answer of the same period."""
    known = sorted(stored)

    def near(moment: float) -> bool:
        place = bisect_left(known, moment)
        return any(abs(each - moment) <= PERIOD / 2 for each in known[max(0, place - 1) : place + 1])

    return [moment for moment in ledger if not near(moment)]


def stored(pair: Pair, side: Machine, number: int, since: float) -> list[float]:
    """Return the answers of a node that one side's database holds, as the moments at which they were given."""
    span = f"{int(time.time() - since) + 60}s"
    query = f'pair_answered_seconds{{node="edge-{number}"}}[{span}]'
    answer = pair.http.post(f"{pair.database(side)}/api/v1/query", data={"query": query})
    answer.raise_for_status()
    values = [(at, float(value)) for row in answer.json()["data"]["result"] for at, value in row["values"]]
    # Of two samples of one period the later one is kept. Where one side had an answer and the other met the node down a
    # moment later, that is the mark that the series ended: its moment stands for the answer that it took the place of.
    return [value if isfinite(value) else float(at) for at, value in values]


class Writer:
    """Writes tickets by hand all the time and remembers which were acknowledged, and for how long none was."""

    def __init__(self, pair: Pair, pause: float = 0.5) -> None:
        self._pair, self._pause = pair, pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.acknowledged: list[str] = []
        self.refused = 0
        self.gaps: list[float] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number, last = 0, time.monotonic()
        headers = {"Authorization": f"Bearer {self._pair.token}"}
        with httpx.Client(headers=headers, timeout=15, trust_env=False) as client:
            while not self._stop.wait(self._pause):
                number += 1
                body = {"name": f"written {number}", "description": "by hand", "severity": "minor",
                        "ticketType": "complaint", "externalIdentifier": [{"id": f"w{number}"}]}  # fmt: skip
                base = self._pair.console(SIDES[number % 2])
                try:
                    answer = client.post(f"{base}{TICKETS}", json=body)
                except httpx.TransportError:
                    self.refused += 1
                    continue
                if answer.status_code != 201:
                    self.refused += 1
                    continue
                self.acknowledged.append(answer.json()["id"])
                self.gaps.append(time.monotonic() - last)
                last = time.monotonic()


@dataclass(slots=True)
class Listener:
    """Hears of every event of every ticket."""

    events: list[dict[str, object]] = field(default_factory=list)

    def handler(self) -> type[_Quiet]:
        """Return what the desks call."""
        listener = self

        class Handler(_Quiet):
            def do_POST(self) -> None:
                listener.events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.reply(201)

        return Handler

    def subscribe(self, pair: Pair, address: str) -> None:
        """Register at the desks, once one of them is served: on a busy machine the proxy finds them a moment later."""
        headers, body = {"Authorization": f"Bearer {pair.token}"}, {"callback": f"http://{address}"}

        def registered() -> bool:
            answer = pair.http.post(f"{pair.console('a')}{API}/hub", json=body, headers=headers)
            if answer.status_code == 503:
                return False
            answer.raise_for_status()
            return True

        wait_until(registered, SECONDS, "no desk takes a listener")

    def repeated(self) -> int:
        """Return how many events came again under their own number, which is how a listener tells."""
        return len(self.events) - len({event["eventId"] for event in self.events})

    def doubled(self) -> list[str]:
        """Return the tickets of which more than one event says that they were created."""
        created: Counter[str] = Counter()
        for number, event in {event["eventId"]: event for event in self.events}.items():
            if event["eventType"] == "TroubleTicketCreateEvent":
                body = event["event"]
                assert isinstance(body, dict), number
                created[body["troubleTicket"]["id"]] += 1
        return [ticket for ticket, times in created.items() if times > 1]

    def disordered(self) -> list[str]:
        """Return the tickets of which an event first came after a later one, by the events' own times."""
        heard: set[object] = set()
        latest: dict[str, str] = {}
        wrong: list[str] = []
        for event in self.events:
            if event["eventId"] in heard:
                continue
            heard.add(event["eventId"])
            body = event["event"]
            assert isinstance(body, dict), event
            ticket, moment = body["troubleTicket"]["id"], str(event["eventTime"])
            if moment < latest.get(ticket, ""):
                wrong.append(ticket)
            latest[ticket] = max(moment, latest.get(ticket, ""))
        return wrong


class Console:
    """The tickets as people see them: through whichever side answers."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._client = httpx.Client(headers={"Authorization": f"Bearer {pair.token}"}, timeout=15, trust_env=False)

    def tickets(self, **wanted: str) -> list[dict[str, object]]:
        """Return all tickets that meet the filters; raise httpx.TransportError when neither side answers."""
        found: list[dict[str, object]] = []
        total = 1
        while len(found) < total:
            answer = self._get({**wanted, "limit": "250", "offset": str(len(found))})
            total = int(answer.headers["x-total-count"])
            page = answer.json()
            if not page:
                break
            found += page
        return found

    def _get(self, parameters: dict[str, str]) -> httpx.Response:
        problem: Exception = httpx.ConnectError("no side")
        for side in SIDES:
            try:
                answer = self._client.get(f"{self._pair.console(side)}{TICKETS}", params=parameters)
                answer.raise_for_status()
            except httpx.HTTPError as error:
                problem = error
            else:
                return answer
        raise httpx.ConnectError(str(problem))

    def of(self, number: int) -> list[dict[str, object]]:
        """Return the tickets about a node; none while nobody answers."""
        try:
            return self.tickets(**{"relatedEntity.entity.id": f"edge-{number}"})
        except httpx.TransportError:
            return []

    def wait_for(self, number: int, seconds: float = SECONDS) -> float:
        """Wait for a node's ticket; return how long that took."""
        return wait_until(lambda: bool(self.of(number)), seconds, f"no ticket about edge-{number}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


__all__ = ["API", "TICKETS", "Console", "Listener", "Nodes", "Writer", "lost", "stored", "web"]
