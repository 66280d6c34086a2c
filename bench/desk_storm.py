"""A storm of alerts at the desk: new, repeated and resolved, on SQLite and PostgreSQL, beside Alerta when it is there.

10,000 distinct alerts in 100 webhooks by four senders at once: once as 100 problems, once as 10,000. Alerta runs under
gunicorn on the same PostgreSQL server when `--alerta` names the folder of an environment that has it. Prints one JSON
object; exit status 1 when something is lost or the desk is past its bounds.

    python -m bench.desk_storm [--webhooks 100] [--alerta FOLDER --alerta-webhooks 10]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from tests.contract.desk.conftest import Process, free_port
from tests.contract.desk.postgres import Postgres

SENDERS = 4
PER_WEBHOOK = 100
PHASES = ("new", "repeated", "resolved")
SQLITE_BOUND = 5000.0  # alerts/s, each phase
LATENCY_BOUND = 0.5  # seconds, p99 of a webhook
RATIO_BOUND = 10.0  # times Alerta, each phase


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


def storm(url: str, headers: dict[str, str], webhooks: int, cpu: Callable[[], float]) -> dict[str, Any]:
    """Send the three phases; return what each achieved."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    result = {}
    with httpx.Client(headers=headers | {"Content-Type": "application/json"}, timeout=120) as client:
        for phase in PHASES:
            bodies = [webhook(number, start, firing=phase != "resolved") for number in range(webhooks)]

            def send(body: bytes) -> float:
                began = time.perf_counter()
                answer = client.post(url, content=body)
                answer.raise_for_status()
                return time.perf_counter() - began

            used, began = cpu(), time.perf_counter()
            with ThreadPoolExecutor(SENDERS) as senders:
                latencies = sorted(senders.map(send, bodies))
            took = time.perf_counter() - began
            result[phase] = {
                "alerts_per_second": round(webhooks * PER_WEBHOOK / took),
                "p99_seconds": round(latencies[int(len(latencies) * 0.99) - 1], 3),
                "cpu_ms_per_alert": round((cpu() - used) * 1000 / (webhooks * PER_WEBHOOK), 3),
            }
    return result


def cpu_of(process: psutil.Process) -> Callable[[], float]:
    def used() -> float:
        times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
        return sum(each.user + each.system for each in times)

    return used


def desk(folder: Path, database: str, per: str, webhooks: int) -> dict[str, Any]:
    """Storm a desk and count what it kept."""
    folder.mkdir()
    process = Process(folder, f'one_ticket_per = "{per}"\n', database)
    process.start()
    assert process.running is not None
    try:
        headers = {"Authorization": f"Bearer {process.token}"}
        used = cpu_of(psutil.Process(process.running.pid))
        result = storm(f"{process.url}/webhook/alertmanager", headers, webhooks, used)
        with process.client() as client:
            where = f"{process.url}/tmf-api/troubleTicket/v5/troubleTicket"
            answer = client.get(where, params={"status": "resolved", "limit": 0})
            result["resolved_tickets"] = int(answer.headers["x-total-count"])
        result["expected_tickets"] = webhooks if per == "group" else webhooks * PER_WEBHOOK
        print(json.dumps({f"{folder.name}": result}), file=sys.stderr)
        return result
    finally:
        process.stop()


@contextmanager
def alerta(environment: Path, server: Postgres, folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run Alerta as its own manual does: gunicorn, PostgreSQL, no login."""
    url = server.create_database().replace("+psycopg", "")
    port = free_port()
    settings = {"DATABASE_URL": url, "AUTH_REQUIRED": "False", "ALERTA_SVR_CONF_FILE": "/dev/null", "HOME": str(folder)}
    command = [str(environment / "bin" / "gunicorn"), "-w", str(os.cpu_count()), "-b", f"127.0.0.1:{port}"]
    with (folder / "alerta.log").open("wb") as log:
        running = subprocess.Popen(
            [*command, "--timeout", "300", "alerta:create_app()"], env=os.environ | settings, stdout=log, stderr=log
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
        yield f"http://127.0.0.1:{port}/webhooks/prometheus", psutil.Process(running.pid)
    finally:
        running.terminate()
        running.wait(60)


def ratios(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    return {phase: round(ours[phase]["alerts_per_second"] / theirs[phase]["alerts_per_second"], 1) for phase in PHASES}


def main() -> int:
    """Measure; return 1 past the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--webhooks", type=int, default=100)
    parser.add_argument("--alerta", type=Path)
    parser.add_argument("--alerta-webhooks", type=int, default=10)
    arguments = parser.parse_args()
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="desk-storm-") as name, Postgres(pg_folder(Path(name))) as server:
        for per in ("group", "alert"):
            result[f"sqlite, a ticket per {per}"] = desk(Path(name) / f"s{per}", "", per, arguments.webhooks)
            url = server.create_database()
            result[f"postgresql, a ticket per {per}"] = desk(Path(name) / f"p{per}", url, per, arguments.webhooks)
        if arguments.alerta:
            with alerta(arguments.alerta, server, Path(name)) as (url, process):
                storm(url, {}, 1, cpu_of(process))  # Alerta creates its tables with the first request
                result["alerta, postgresql"] = storm(url, {}, arguments.alerta_webhooks, cpu_of(process))
            for per in ("group", "alert"):
                result[f"times alerta, a ticket per {per}"] = ratios(
                    result[f"postgresql, a ticket per {per}"], result["alerta, postgresql"]
                )
    print(json.dumps(result, indent=2))
    return 0 if within(result) else 1


def pg_folder(parent: Path) -> Path:
    parent.chmod(0o711)
    folder = parent / "pg"
    folder.mkdir()
    return folder


def within(result: dict[str, Any]) -> bool:
    """Say whether nothing was lost and every bound is kept."""
    for name, each in result.items():
        if "expected_tickets" in each and each["resolved_tickets"] != each["expected_tickets"]:
            return False
        if name.startswith("times alerta") and min(each.values()) < RATIO_BOUND:
            return False
        for phase in PHASES if "expected_tickets" in each else ():
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
