"""Nothing lost, nothing twice: random kills, stops, delays and repeats between real Prometheus and the desk.

A real Prometheus, two real Alertmanagers in a cluster, and a desk on SQLite or PostgreSQL. Problems come and go;
meanwhile the desk, an Alertmanager or PostgreSQL is killed with -9 at random moments, an Alertmanager is frozen, which
to its peer is a cut, and a proxy before the desk delays webhooks, delivers them twice, and claims failure after
delivery. At the end every problem that fired must have exactly one ticket, in the state that Prometheus gives it.
Prints one JSON object; exit status 1 when something is lost or doubled.

    python -m bench.desk_chaos [--database sqlite|postgresql] [--problems 2000] [--kills 50] [--seed 1]
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.contract.desk.conftest import Process, free_port
from tests.contract.desk.postgres import Postgres

TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
# What is mended sooner may end between two scrapes or within group_wait: nobody was ever told of it.
NOTICED_SECONDS = 8.0
QUIET_SECONDS = 240.0  # the longest that everything may take to agree after the last kill
RULES = """groups: [{name: chaos, interval: 1s, rules: [{alert: Broken, expr: 'problem == 1',
  labels: {severity: critical}, annotations: {summary: '{{ $labels.node }} is broken'}}]}]
"""


@dataclass(slots=True)
class World:
    """What is broken at the moment, what ever was, and how badly webhooks travel."""

    problems: int
    dice: random.Random
    broken: set[int] = field(default_factory=set)
    ever: set[int] = field(default_factory=set)
    since: dict[int, float] = field(default_factory=dict)
    rough: bool = True

    def exposition(self) -> bytes:
        broken = set(self.broken)
        return "".join(f'problem{{node="n{i}"}} {int(i in broken)}\n' for i in range(self.problems)).encode()


@contextmanager
def web(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def exporter(world: World) -> type[BaseHTTPRequestHandler]:
    class Exporter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = world.exposition()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Exporter


def bad_road(world: World, desk: Process, counts: dict[str, int]) -> type[BaseHTTPRequestHandler]:
    """Return a proxy that delays, repeats, and sometimes says 503 to what was delivered."""

    class Road(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fate = world.dice.random() if world.rough else 1.0
            headers = {"Authorization": self.headers["Authorization"], "Content-Type": "application/json"}
            status = 503
            try:
                if fate < 0.1:
                    time.sleep(world.dice.uniform(0.1, 2.0))
                status = httpx.post(f"{desk.url}{self.path}", content=body, headers=headers, timeout=20).status_code
                if 0.1 <= fate < 0.2:
                    counts["repeated"] += 1
                    httpx.post(f"{desk.url}{self.path}", content=body, headers=headers, timeout=20)
                if 0.2 <= fate < 0.25:
                    counts["denied"] += 1
                    status = 503
            except httpx.TransportError:
                status = 503
            counts["webhooks"] += 1
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Road


class Server:
    """Prometheus or Alertmanager."""

    def __init__(self, name: str, url: str, command: list[str], folder: Path) -> None:
        self.url, self.command = url, command
        self.log = folder / f"{name}.log"
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"{self.url}/-/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline or self.running.poll() is not None:
                raise OSError(self.log.read_text("utf-8")[-2000:])
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.running:
            self.running.send_signal(signal.SIGCONT)
            self.running.send_signal(how)
            self.running.wait(60)
            self.running = None


def alertmanagers(folder: Path, webhook: str, token: Path) -> list[Server]:
    configuration = folder / "alertmanager.json"
    receiver = {
        "url": f"http://{webhook}/webhook/alertmanager",
        "max_alerts": 0,
        "http_config": {"authorization": {"type": "Bearer", "credentials_file": str(token)}},
    }
    route = {"receiver": "desk", "group_by": ["alertname", "node"], "group_wait": "500ms", "group_interval": "2s"}
    configuration.write_text(
        json.dumps(
            {"route": route | {"repeat_interval": "1h"}, "receivers": [{"name": "desk", "webhook_configs": [receiver]}]}
        )
    )
    ports, gossip = (free_port(), free_port()), (free_port(), free_port())
    result = []
    for own in (0, 1):
        command = [
            "prometheus-alertmanager", f"--config.file={configuration}", f"--storage.path={folder / f'am{own}'}",
            f"--web.listen-address=127.0.0.1:{ports[own]}", f"--cluster.listen-address=127.0.0.1:{gossip[own]}",
            f"--cluster.peer=127.0.0.1:{gossip[1 - own]}", "--cluster.peer-timeout=3s",
            "--cluster.settle-timeout=5s", "--cluster.gossip-interval=100ms", "--cluster.pushpull-interval=5s",
            "--cluster.reconnect-interval=2s",
        ]  # fmt: skip
        result.append(Server(f"am{own}", f"http://127.0.0.1:{ports[own]}", command, folder))
    return result


def prometheus(folder: Path, target: str, managers: list[Server]) -> Server:
    (folder / "rules.yml").write_text(RULES)
    port = free_port()
    scrape = {"job_name": "chaos", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    addresses = [{"targets": [manager.url.removeprefix("http://") for manager in managers]}]
    configuration = {
        "rule_files": [str(folder / "rules.yml")],
        "scrape_configs": [scrape],
        "alerting": {"alertmanagers": [{"static_configs": addresses}]},
    }
    (folder / "prometheus.json").write_text(json.dumps(configuration))
    url = f"http://127.0.0.1:{port}"
    command = [
        "prometheus", f"--config.file={folder / 'prometheus.json'}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=5s", f"--web.external-url={url}",
    ]  # fmt: skip
    return Server("prometheus", url, command, folder)


def chaos(folder: Path, kind: str, problems: int, kills: int, seed: int) -> dict[str, Any]:
    """Run it; return what came of it."""
    dice = random.Random(seed)
    world = World(problems, dice)
    counts = {"webhooks": 0, "repeated": 0, "denied": 0}
    with ExitStack() as stack:
        database = ""
        server: Postgres | None = None
        if kind == "postgresql":
            (folder / "pg").mkdir()
            server = stack.enter_context(Postgres(folder / "pg"))
            database = server.create_database()
        desk = Process(folder, "", database)
        token = folder / "token"
        token.write_text(desk.token)
        road = stack.enter_context(web(bad_road(world, desk, counts)))
        managers = alertmanagers(folder, road, token)
        source = prometheus(folder, stack.enter_context(web(exporter(world))), managers)
        addresses = json.dumps([manager.url for manager in managers])
        with desk.config.open("a") as file:
            file.write(f'alertmanagers = {addresses}\nprometheus = "{source.url}"\n')
            file.write(
                'reconcile = "3s"\nsettled = "20s"\nconfirmation = "1h"\nwatchdog = ""\nlate_duplicates = "10s"\n'
            )
        for each in (*managers, source):
            each.start()
            stack.callback(each.stop)
        desk.start()
        stack.callback(_end, desk)
        killed = _rage(world, desk, managers, server, kills)
        calm = time.monotonic()
        wrong = _settle(world, desk)
        return {
            "database": kind,
            "problems": len(world.ever),
            "still_broken": len(world.broken),
            "kills": killed,
            "proxy": counts,
            "agreed_after_seconds": round(time.monotonic() - calm, 1),
            "wrong": wrong,
        }


def _rage(world: World, desk: Process, managers: list[Server], server: Postgres | None, kills: int) -> dict[str, int]:
    dice = world.dice
    victims = ["desk", "alertmanager", "frozen"] + (["postgresql"] if server else [])
    killed = dict.fromkeys(victims, 0)
    for number in range(kills):
        _toggle(world, number / kills)
        time.sleep(dice.uniform(0.5, 2.5))
        victim = dice.choice(victims)
        killed[victim] += 1
        if victim == "desk":
            desk.kill()
            time.sleep(dice.uniform(0, 2))
            desk.start()
        elif victim == "postgresql" and server:
            server.kill()
            time.sleep(dice.uniform(0, 2))
            server.start()
        elif victim == "alertmanager":
            manager = dice.choice(managers)
            manager.stop(signal.SIGKILL)
            time.sleep(dice.uniform(0, 2))
            manager.start()
        else:
            manager = dice.choice(managers)
            if manager.running:
                manager.running.send_signal(signal.SIGSTOP)
                time.sleep(dice.uniform(1, 5))
                manager.running.send_signal(signal.SIGCONT)
    _toggle(world, 1.0)
    world.rough = False
    return killed


def _toggle(world: World, share: float) -> None:
    """Break some problems and mend others; by the end every problem was broken once."""
    wanted = {number for number in range(world.problems) if number <= share * world.problems} - world.ever
    world.ever |= wanted
    now = time.monotonic()
    long_ago = {number for number in world.broken if now - world.since[number] > NOTICED_SECONDS}
    mended = {number for number in long_ago if world.dice.random() < 0.4}
    again = {number for number in world.ever - world.broken - wanted if world.dice.random() < 0.1}
    world.since |= dict.fromkeys(wanted | again, now)
    world.broken = (world.broken - mended) | wanted | again


def _end(desk: Process) -> None:
    if desk.running:
        desk.kill()


def _settle(world: World, desk: Process) -> list[str]:
    """Wait until the desk says of every problem what Prometheus says; return what it does not."""
    deadline = time.monotonic() + QUIET_SECONDS
    wrong = ["nothing was compared"]
    while wrong and time.monotonic() < deadline:
        time.sleep(1)
        wrong = differences(world, desk)
        print(f"{len(wrong)} problems do not agree yet: {wrong[:3]}", file=sys.stderr)
    return wrong[:20]


def differences(world: World, desk: Process) -> list[str]:
    tickets: dict[str, list[dict[str, Any]]] = {}
    with desk.client() as client:
        offset, total = 0, 1
        while offset < total:
            answer = client.get(TICKETS, params={"offset": offset, "limit": 1000, "fields": FIELDS})
            total = int(answer.headers["x-total-count"])
            offset += 1000
            for ticket in answer.json():
                tickets.setdefault(ticket["relatedEntity"][0]["entity"]["id"], []).append(ticket)
    result = []
    for number in sorted(world.ever):
        found = tickets.get(f"n{number}", [])
        if len(found) != 1:
            result.append(f"n{number} has {len(found)} tickets")
            continue
        (firing,) = (c["value"] for c in found[0]["troubleTicketCharacteristic"] if c["name"] == "firingAlarms")
        broken = number in world.broken
        if firing != int(broken) or (found[0]["status"] == "resolved") == broken:
            result.append(f"n{number} broken={broken} firing={firing} {found[0]['status']}")
    return result


FIELDS = "status,relatedEntity,troubleTicketCharacteristic"


def main() -> int:
    """Run; return 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--problems", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="desk-chaos-"))
    folder.chmod(0o711)
    result = chaos(folder, arguments.database, arguments.problems, arguments.kills, arguments.seed)
    print(json.dumps(result, indent=2))
    if result["wrong"]:
        print(f"logs: {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
