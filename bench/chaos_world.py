"""What is broken at the moment, how Prometheus sees it, and how badly webhooks travel to the desk."""

import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler
from typing import Protocol

import httpx

# What is repaired sooner may end between two scrapes, within group_wait, while the desk is down, or behind thousands of
# others on the road: nobody was told.
NOTICED_SECONDS = 24.0
CALM_SECONDS = 5.0
SECOND_PART_EVERY = 4  # so many problems have one with two alerts


class Desk(Protocol):
    """A desk, or two that are one to everybody."""

    @property
    def url(self) -> str:
        """Where it is served."""

    @property
    def token(self) -> str:
        """What Alertmanager sends."""

    @property
    def log(self) -> str:
        """What it has said."""

    def kill(self) -> None:
        """Kill it with -9."""

    def start(self, seconds: float = 60.0) -> None:
        """Start it and wait until it is of use."""

    def client(self) -> httpx.Client:
        """Return a client of its API."""


Alert = tuple[int, str]
"""Number of the problem, and the part of it that is broken."""


@dataclass(slots=True)
class World:
    """Problems of one alert or two, those that fire now, and those that ever did."""

    problems: int
    dice: random.Random
    calm: float = 0.0  # seconds in which nothing was down
    broken: set[Alert] = field(default_factory=set)
    ever: set[Alert] = field(default_factory=set)
    since: dict[Alert, tuple[float, float]] = field(default_factory=dict)

    @property
    def alerts(self) -> list[Alert]:
        """Return every alert there is."""
        return [
            (number, part)
            for number in range(self.problems)
            for part in ("a", "b")[: 1 + (number % SECOND_PART_EVERY == 0)]
        ]

    def exposition(self) -> bytes:
        """Return the state as Prometheus reads it."""
        broken = set(self.broken)
        return "".join(
            f'problem{{node="n{number}",part="{part}"}} {int((number, part) in broken)}\n'
            for number, part in self.alerts
        ).encode()

    def turn(self, share: float) -> None:
        """Break some and repair others; by a share of 1 every alert fired at least once."""
        now = time.monotonic()
        fresh, repaired, again = set(), set(), set()
        for alert in self.alerts:
            chance = self.dice.random()  # one for each, whatever became of it, so that a seed repeats itself
            if alert not in self.ever:
                if alert[0] <= share * self.problems:
                    fresh.add(alert)
            elif alert not in self.broken:
                if chance < 0.1:
                    again.add(alert)
            elif chance < 0.4 and self._noticed(alert, now):
                repaired.add(alert)
        self.since |= dict.fromkeys(fresh | again, (now, self.calm))
        self.ever |= fresh
        self.broken = (self.broken - repaired) | fresh | again

    def _noticed(self, alert: Alert, now: float) -> bool:
        moment, calm = self.since[alert]
        return now - moment > NOTICED_SECONDS and self.calm - calm > CALM_SECONDS


class Road:
    """The way of the webhooks: some come late, some twice, some twice and late, some deliveries are denied."""

    def __init__(self, desk: Desk, dice: random.Random) -> None:
        self.rough = True
        self.counts: Counter[str] = Counter()
        self._desk, self._dice = desk, dice
        self._lock = threading.Lock()
        self._repeats: list[threading.Timer] = []

    def carry(self, path: str, body: bytes, authorization: str) -> int:
        """Deliver a webhook and return the status that its sender is told."""
        with self._lock:
            fate = self._dice.random() if self.rough else 1.0
            late = self._dice.uniform(0.1, 2.0)
            stale = self._dice.uniform(0.0, 8.0)
            self.counts["webhooks"] += 1
        if fate < 0.1:
            self._count("delayed")
            time.sleep(late)
        status = self._deliver(path, body, authorization)
        if 0.1 <= fate < 0.2:
            self._count("repeated")
            self._deliver(path, body, authorization)
        elif 0.2 <= fate < 0.25 and status == 200:
            self._count("denied")
            status = 503
        elif 0.25 <= fate < 0.3:
            self._count("repeated_late")
            repeat = threading.Timer(stale, self._deliver, (path, body, authorization))
            with self._lock:
                self._repeats.append(repeat)
            repeat.start()
        return status

    def smooth(self) -> None:
        """Behave from now on, once everything that is still under way has arrived."""
        self.rough = False
        with self._lock:
            repeats = list(self._repeats)
        for repeat in repeats:
            repeat.join()

    def _count(self, name: str) -> None:
        with self._lock:
            self.counts[name] += 1

    def _deliver(self, path: str, body: bytes, authorization: str) -> int:
        # The standard library's client costs a tenth of a comfortable one: thousands pass here at once.
        desk = HTTPConnection(self._desk.url.removeprefix("http://"), timeout=20)
        try:
            desk.request("POST", path, body, {"Authorization": authorization, "Content-Type": "application/json"})
            return desk.getresponse().status
        except (OSError, HTTPException):
            self._count("met_no_desk")
            return 503
        finally:
            desk.close()


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def reply(self, status: int, body: bytes = b"") -> None:
        with suppress(ConnectionError):  # who asked was killed meanwhile, or waited long enough
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def exporter(world: World) -> type[_Quiet]:
    """Return what Prometheus scrapes."""

    class Exporter(_Quiet):
        def do_GET(self) -> None:
            self.reply(200, world.exposition())

    return Exporter


def bad_road(road: Road) -> type[_Quiet]:
    """Return what the Alertmanagers take for the desk."""

    class Carrier(_Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(road.carry(self.path, body, self.headers["Authorization"]))

    return Carrier
