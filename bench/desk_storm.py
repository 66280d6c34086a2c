"""A storm of alerts at the desk: new, repeated and resolved, on SQLite and PostgreSQL, beside Alerta when it is wanted.

10,000 distinct alerts in 100 webhooks by four senders at once: once as 100 problems, once as 10,000. Afterwards the
database itself is asked what is in it. Alerta gets the same webhooks under gunicorn on the same PostgreSQL server in
the same run; `--alerta` names the folder of an environment that has it, which is made there when it is missing. Alerta
slows down as its table grows and takes some minutes: what happens is told on standard error. Prints one JSON object;
exit status 1 when something is lost or the desk is past its bounds.

    python -m bench.desk_storm [--webhooks 100] [--alerta FOLDER]
"""

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from sqlalchemy import func, select

from alerts.desk.core.database import Database
from alerts.desk.core.tables import alarm, event, ticket
from bench.both_databases import postgresql
from demo.ports import free_port
from tests.contract.desk.conftest import Process
from tests.contract.desk.postgres import Postgres

SENDERS = 4
PER_WEBHOOK = 100
PHASES = ("new", "repeated", "resolved")
SQLITE_BOUND = 5000.0  # alerts/s, each phase
LATENCY_BOUND = 0.5  # seconds, p99 of a webhook
RATIO_BOUND = 10.0  # times Alerta, each phase
PATIENCE = 1800.0  # seconds that Alerta may take over one webhook
ALERTA = ("alerta-server", "gunicorn", "psycopg2-binary", "setuptools<81")  # Alerta asks for pkg_resources

Cpu = dict[str, Callable[[], float]]
"""Who takes part, and what tells the processor time spent so far."""


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def webhook(number: int, start: datetime, *, firing: bool) -> bytes:
    group = {"alertname": "DiskFull", "node": f"edge-{number}", "site": "almaty"}
    status = "firing" if firing else "resolved"
    end = "0001-01-01T00:00:00Z" if firing else (start + timedelta(seconds=30)).isoformat()
    alerts = [
        {
            "status": status,
            "labels": group | {"severity": "critical", "instance": f"edge-{number}:sd{place}"},
            "annotations": {"summary": "the disk is full", "summary_ru": "диск заполнен"},
            "startsAt": start.isoformat(),
            "endsAt": end,
            "generatorURL": "http://prometheus/graph?g0.expr=vector(1)",
            "fingerprint": f"{number:08x}{place:08x}",
        }
        for place in range(PER_WEBHOOK)
    ]
    whole = {"version": "4", "status": status, "receiver": "desk", "groupKey": f"{number}", "groupLabels": group}
    rest = {"commonLabels": group, "commonAnnotations": {}, "externalURL": "http://am", "alerts": alerts}
    return json.dumps(whole | rest).encode()


def storm(name: str, url: str, headers: dict[str, str], webhooks: int, cpu: Cpu) -> dict[str, Any]:
    """Send the three phases; return what each achieved, and the processor time of who took part."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    result: dict[str, Any] = {}
    with httpx.Client(headers=headers | {"Content-Type": "application/json"}, timeout=PATIENCE) as client:
        for phase in PHASES:
            bodies = [webhook(number, start, firing=phase != "resolved") for number in range(webhooks)]

            def send(body: bytes) -> float:
                began = time.perf_counter()
                answer = client.post(url, content=body)
                answer.raise_for_status()
                return time.perf_counter() - began

            used, began = {who: spent() for who, spent in cpu.items()}, time.perf_counter()
            with ThreadPoolExecutor(SENDERS) as senders:
                latencies = sorted(told(f"{name}, {phase}", senders.map(send, bodies), webhooks))
            took = time.perf_counter() - began
            result[phase] = {
                "alerts_per_second": round(webhooks * PER_WEBHOOK / took),
                "p99_seconds": round(latencies[max(0, int(len(latencies) * 0.99) - 1)], 3),
                "cpu_ms_per_alert": {
                    who: round((spent() - used[who]) * 1000 / (webhooks * PER_WEBHOOK), 3) for who, spent in cpu.items()
                },
                "load": round(os.getloadavg()[0], 1),
            }
            say(f"{name}, {phase}: {result[phase]}")
    return result


def told(name: str, latencies: Iterator[float], whole: int) -> Iterator[float]:
    """Say now and then how far it is."""
    last = time.monotonic()
    for number, each in enumerate(latencies, 1):
        if time.monotonic() - last > 10:
            say(f"{name}: {number} of {whole} webhooks")
            last = time.monotonic()
        yield each


def cpu_of(number: int) -> Callable[[], float]:
    """Return what tells the processor time of a process and its children, those that ended included."""
    process = psutil.Process(number)

    def used() -> float:
        total = 0.0
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # it ended just now; its parent counts it from here on
                total += sum(each.cpu_times()[:4])
        return total

    return used


def server_of(server: Postgres) -> Callable[[], float]:
    assert server.running is not None
    return cpu_of(server.running.pid)


def desk(folder: Path, server: Postgres | None, per: str, webhooks: int) -> dict[str, Any]:
    """Storm a desk and count what it kept."""
    database = server.create_database() if server else ""
    folder.mkdir()
    process = Process(folder, f'one_ticket_per = "{per}"\n', database)
    process.start()
    assert process.running is not None
    name = f"{'postgresql' if database else 'sqlite'}, a ticket per {per}"
    try:
        headers = {"Authorization": f"Bearer {process.token}"}
        used = {"desk": cpu_of(process.running.pid)} | ({"postgresql": server_of(server)} if server else {})
        result = storm(name, f"{process.url}/webhook/alertmanager", headers, webhooks, used)
    finally:
        process.stop()
    alerts = webhooks * PER_WEBHOOK
    problems = webhooks if per == "group" else alerts
    result["kept"] = kept(database or f"sqlite:///{folder / 'desk.db'}")
    result["expected"] = {
        "tickets": problems,
        "tickets_resolved": problems,
        "firing": 0,
        "alarms": alerts,
        "ended": alerts,
        "openings": problems,
        "resolutions": problems,
    }
    return result


def kept(url: str) -> dict[str, int]:
    """Count in the database."""
    database = Database(url)
    whole = {
        "tickets": select(func.count()).select_from(ticket),
        "tickets_resolved": select(func.count(ticket.c.problem_key.distinct())).where(ticket.c.status == "resolved"),
        "firing": select(func.sum(ticket.c.firing)),
        "alarms": select(func.count(alarm.c.fingerprint.distinct())),
        "ended": select(func.count()).where(alarm.c.ends_at.is_not(None)),
        "openings": select(func.count()).where(event.c.kind == "opened"),
        "resolutions": select(func.count()).where(event.c.kind == "status"),
    }
    try:
        with database.read() as connection:
            return {name: connection.scalar(statement) or 0 for name, statement in whole.items()}
    finally:
        database.dispose()


def alerta_environment(folder: Path) -> Path:
    """Return the folder of an environment with Alerta, made where there is none."""
    if not (folder / "bin" / "alertad").exists():
        say(f"installing Alerta into {folder}")
        venv.create(folder, with_pip=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *ALERTA], check=True)
    return folder


@contextmanager
def alerta(environment: Path, url: str, folder: Path) -> Iterator[tuple[str, int]]:
    """Run Alerta as its own manual does: gunicorn, PostgreSQL, no login."""
    port = free_port()
    settings = {"DATABASE_URL": url, "AUTH_REQUIRED": "False", "ALERTA_SVR_CONF_FILE": "/dev/null", "HOME": str(folder)}
    command = [str(environment / "bin" / "gunicorn"), "-w", str(os.cpu_count()), "-b", f"127.0.0.1:{port}"]
    # The tables are made when the program is loaded, and two workers at once get in each other's way.
    first = [str(environment / "bin" / "python"), "-c", "import alerta; alerta.create_app()"]
    subprocess.run(first, env=os.environ | settings, check=True, capture_output=True)
    with (folder / "alerta.log").open("wb") as log:
        running = subprocess.Popen(
            [*command, "--timeout", f"{PATIENCE:.0f}", "alerta:create_app()"],
            env=os.environ | settings,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline or running.poll() is not None:
                raise OSError((folder / "alerta.log").read_text("utf-8"))
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/webhooks/prometheus", running.pid
    finally:
        running.terminate()
        running.wait(60)


def beside(environment: Path, server: Postgres, folder: Path, webhooks: int) -> dict[str, Any]:
    """Storm Alerta with the same webhooks."""
    url = server.create_database().replace("+psycopg", "")
    with alerta(environment, url, folder) as (address, number):
        # The first request of all pays for what Alerta loads late; none of the storm's webhooks repeats it.
        with httpx.Client(timeout=PATIENCE) as client:
            client.post(address, json=json.loads(webhook(webhooks, datetime.now(UTC), firing=True))).raise_for_status()
        used = {"alerta": cpu_of(number), "postgresql": server_of(server)}
        result = storm("alerta", address, {}, webhooks, used)
    with psycopg.connect(url) as connection:
        result["kept"] = dict(connection.execute("SELECT status, count(*) FROM alerts GROUP BY status").fetchall())
    return result


def speed(phase: dict[str, Any]) -> float:
    return float(phase["alerts_per_second"])


def cost(phase: dict[str, Any]) -> float:
    return float(sum(phase["cpu_ms_per_alert"].values()))


def ratios(one: dict[str, Any], other: dict[str, Any], by: Callable[[dict[str, Any]], float]) -> dict[str, float]:
    return {phase: round(by(one[phase]) / by(other[phase]), 1) for phase in PHASES}


def main() -> int:
    """Measure; return 1 past the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--webhooks", type=int, default=100)
    parser.add_argument("--alerta", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    result: dict[str, Any] = {}
    with postgresql("desk-storm") as (folder, server):
        for per in ("group", "alert"):
            result[f"sqlite, a ticket per {per}"] = desk(folder / f"s{per}", None, per, arguments.webhooks)
            result[f"postgresql, a ticket per {per}"] = desk(folder / f"p{per}", server, per, arguments.webhooks)
        if arguments.alerta:
            environment = alerta_environment(arguments.alerta)
            theirs = result["alerta, postgresql"] = beside(environment, server, folder, arguments.webhooks)
            for per in ("group", "alert"):
                ours = result[f"postgresql, a ticket per {per}"]
                result[f"times alerta, a ticket per {per}"] = ratios(ours, theirs, speed)
                # On a machine that does other things as well, this is the steadier comparison.
                result[f"times alerta in processor time, a ticket per {per}"] = ratios(theirs, ours, cost)
    print(json.dumps(result, indent=2))
    return 0 if within(result) else 1


def within(result: dict[str, Any]) -> bool:
    """Return whether nothing was lost and every bound is kept."""
    for name, each in result.items():
        if name.startswith("times alerta, ") and min(each.values()) < RATIO_BOUND:
            return False
        if "expected" not in each:
            continue
        if each["kept"] != each["expected"]:
            return False
        for phase in PHASES:
            if each[phase]["p99_seconds"] > LATENCY_BOUND:
                return False
            if name.startswith("sqlite") and each[phase]["alerts_per_second"] < SQLITE_BOUND:
                return False
    return True


if __name__ == "__main__":
    try:
        sys.exit(main())
    except psycopg.Error as error:
        sys.exit(f"PostgreSQL: {error}")
