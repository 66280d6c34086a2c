"""What the agent holds in memory: with each kind of source, with all of a node's at once, and for each active session.

The real agent runs with the host's collectors and the source named, compiled as pip leaves it and started by hand, so
with no settings but its own; the databases, the web server and its channel are real, too. Resident memory (with the
pages of libraries that other processes share) is read when every source has run and been scraped several times. Where
there is an access log, so many viewers then appear in it, and what the agent grows by is the sessions' own.

Prints a line for each, and judges the largest of them without sessions: exit status 1 at 45 MiB or more.

    python -m bench.agent_memory [--sessions 100000] [NAME…]
"""

import argparse
import compileall
import os
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import agent as package
import service
from demo.ports import free_port
from tests.contract.agent.databases import execute, mariadb, postgresql
from tests.contract.agent.program import Agent, agent, wait_until
from tests.contract.streams.certificates import Authority
from tests.contract.streams.nginx import nginx
from tests.unit.streams.media import programme

MOST_RSS = 45 * 2**20
SCRAPES = 8
SCHEMA = (
    "CREATE TABLE subscriber (id BIGINT PRIMARY KEY, service VARCHAR(20), status VARCHAR(20))",
    "CREATE TABLE keepalive (subscriber_id BIGINT, seen_at BIGINT)",
    "INSERT INTO subscriber VALUES (1,'ott','active'), (2,'ott','closed')",
)
PLAYLIST = """\
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:1
#EXT-X-PROGRAM-DATE-TIME:{now}
#EXTINF:4.0,
1.ts
"""
SERVERS = """
server {{ listen 127.0.0.1:{port}; root "{root}"; location = /status {{ stub_status; }} }}
server {{ listen 127.0.0.1:{tls} ssl; ssl_certificate "{pem}"; ssl_certificate_key "{pem}"; root "{root}"; }}
"""
SUBSCRIBERS = (
    '[[subscribers]]\nservice = "ott"\npreset = "generic"\ninterval = "1s"\ndeadline = "1s"\ndatabase = "{}"\n'
)
TABLES = {
    "edge_log": """\
[[edge_log]]
service = "ott"
paths = ["{folder}/ott_access.log"]
format = "ott"
viewer = ['[?&]token=([0-9a-f]{{32}})']
channel = '^/live/([^/]+)/'
idle_timeout = "1h"
checkpoint_interval = "5s"
""",
    "server": '[[server]]\npreset = "nginx_stub_status"\nurl = "http://127.0.0.1:{port}/status"\ninterval = "1s"\n'
    'deadline = "1s"\n',
    "http": '[[subscribers]]\nservice = "vod"\nurl = "http://127.0.0.1:{port}/subscribers.json"\ninterval = "1s"\n'
    'deadline = "1s"\nonline_path = "online"\n',
    "stream": '[[stream]]\nchannel = "news"\nurl = "http://127.0.0.1:{port}/index.m3u8"\n',
    "certificate": '[[certificate]]\nendpoint = "portal"\naddress = "127.0.0.1:{tls}"\nauthority = "{authority}"\n',
    "sqlite": SUBSCRIBERS.format("sqlite:///{database}"),
    "postgresql": SUBSCRIBERS.format("{postgresql}"),
    "mariadb": SUBSCRIBERS.format("{mariadb}"),
}
# What nodes run together.
NODES = {
    "host": (),
    **{name: (name,) for name in TABLES},
    "an edge": ("edge_log", "server", "stream", "certificate"),
    "a middleware node": ("postgresql", "server", "http", "certificate"),
    "everything, PostgreSQL": ("edge_log", "server", "stream", "certificate", "postgresql"),
    "everything, MariaDB": ("edge_log", "server", "stream", "certificate", "mariadb"),
}


@contextmanager
def surroundings(folder: Path, tables: set[str]) -> Iterator[dict[str, object]]:
    """Start what the tables ask for; yield what their settings name."""
    root, port, tls = folder / "content", free_port(), free_port()
    root.mkdir()
    now = datetime.now(UTC)
    (root / "index.m3u8").write_text(PLAYLIST.format(now=now.isoformat()))
    (root / "1.ts").write_bytes(programme(2000))
    (root / "subscribers.json").write_text('{"online": 7}')
    authority = Authority(folder, now - timedelta(days=1), now + timedelta(days=90))
    pem = authority.issue("portal", ["localhost"], now + timedelta(days=30))
    names: dict[str, object] = {
        "port": port,
        "tls": tls,
        "authority": authority.file,
        "database": folder / "middleware.db",
    }
    with sqlite3.connect(folder / "middleware.db") as connection:
        for statement in SCHEMA:
            connection.execute(statement)
    connection.close()
    with ExitStack() as stack:
        stack.enter_context(
            nginx(folder / "nginx", SERVERS.format(port=port, tls=tls, root=root, pem=pem), [port, tls])
        )
        for name, start in (("postgresql", postgresql), ("mariadb", mariadb)):
            if name in tables:
                url = names[name] = stack.enter_context(start())
                execute(url, *SCHEMA)
        yield names


class Resident(NamedTuple):
    """Bytes that are in memory."""

    total: int
    own: int  # anonymous: no page of a file, which other processes may share


def measure(tables: tuple[str, ...], names: dict[str, object], sessions: int) -> tuple[Resident, int]:
    """Return what the agent with these tables holds without sessions, and the bytes that they add."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "state").mkdir()
        log = folder / "ott_access.log"
        log.touch()
        settings = "".join(TABLES[table].format(**names | {"folder": folder}) for table in tables)
        with agent(folder, settings) as running:
            wait_until(lambda: running.get("/readyz").status == 200, running)
            expire(running)
            failing = [line for line in running.get("/metrics").text.splitlines() if is_failure(line)]
            assert not failing, failing
            before = resident(running)
            if "edge_log" not in tables:
                return before, 0
            append(log, sessions)
            wait_until(lambda: active(running) == sessions, running, 60)
            expire(running)
            return before, resident(running).total - before.total


def expire(running: Agent) -> None:
    """Scrape a while, as Prometheus does, so that every source has run and a checkpoint was stored."""
    for _ in range(SCRAPES):
        running.get("/metrics")
        time.sleep(1.0)  # the measurement's own pace


def is_failure(line: str) -> bool:
    """Whether a line says that a collector failed, or that the channel is down."""
    return line.startswith(("ott_collector_success", "ott_stream_up")) and line.endswith(" 0.0")


def active(running: Agent) -> float:
    """Return the active sessions."""
    lines = running.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("ott_edge_sessions{"))


def append(log: Path, sessions: int) -> None:
    """Let so many viewers ask twice: the second request is the usual one, of a known viewer."""
    with log.open("w") as file:
        for _ in range(2):
            now = time.time()
            file.writelines(
                f"{now:.3f} 10.{viewer >> 16}.{viewer >> 8 & 255}.{viewer & 255} 200 900000 0.010"
                f' "GET /live/c{viewer % 200}/720p/1.ts?token={viewer:032x} HTTP/1.1" "ExoPlayerLib/2.18.1" "-"\n'
                for viewer in range(sessions)
            )


def resident(running: Agent) -> Resident:
    """Return what the agent holds now."""
    figures = dict(re.findall(r"(\w+): +(\d+) kB", Path(f"/proc/{running.process.pid}/smaps_rollup").read_text()))
    return Resident(int(figures["Rss"]) << 10, int(figures["Anonymous"]) << 10)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser("bench.agent_memory", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NODES)}; all without")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - NODES.keys():
        parser.error(f'"{min(unknown)}" is none of {", ".join(NODES)}')
    chosen = {name: NODES[name] for name in arguments.names or NODES}
    for place in (*package.__path__, *service.__path__):
        compileall.compile_dir(place, quiet=1)
    worst, where = 0, ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with surroundings(folder, {table for tables in chosen.values() for table in tables}) as names:
            for node, tables in chosen.items():
                alone, grown = measure(tables, names, arguments.sessions)
                worst, where = max((worst, where), (alone.total, node))
                each = f"; {arguments.sessions:,} sessions add {grown / 2**20:.1f} MiB" if grown else ""
                each += f", {grown / arguments.sessions:.0f} bytes each" if grown else ""
                print(f"{node:<24}{alone.total / 2**20:5.1f} MiB, {alone.own / 2**20:.1f} its own{each}", flush=True)
    load = os.getloadavg()[0]
    print(f"most: {where}, {worst / 2**20:.1f} MiB without sessions (bound: below {MOST_RSS >> 20}); load {load:.1f}")
    return int(worst >= MOST_RSS)


if __name__ == "__main__":
    sys.exit(main())
