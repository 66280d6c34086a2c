"""Two hundred open consoles: what they cost when nothing changes, and how soon each has a new ticket's row.

A real desk in its own process; the consoles are event streams of the queue in four other processes, packed as a
browser asks for them. With 100 and with 2,000 open tickets: the desk's CPU time over a quiet stretch as a share of one
core, then new tickets by webhook, one at a time, each timed from the webhook's first byte to the moment at which each
console has unpacked its row. Prints one JSON object; exit status 1 past the bounds.

    python -m bench.console_load [--consoles 200] [--seconds 30] [--samples 10]
"""

import argparse
import asyncio
import json
import multiprocessing
import multiprocessing.connection
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.desk_delay import NAME, PASSWORD, WEBHOOK, body, fill
from tests.contract.desk.conftest import Process

PROCESSES = 4
PATIENCE = 120.0  # seconds after which a console that lacks a row is an error; on a busy machine they start slowly
OPEN_TICKETS = (100, 2000)
IDLE_BOUND = 0.2  # of one core
ROW_BOUND = 1.0  # seconds, for the slowest console


class Console:
    """One event stream of the queue, as raw as it can be: the measuring must not cost what it measures."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.received = 0

    async def listen(self, address: tuple[str, int], cookie: str, told: Connection) -> None:
        """Report (place, time) whenever a row that was not there before arrives, and once the stream stands."""
        reader, writer = await asyncio.open_connection(*address, limit=2**22)
        head = f"GET /queue/events HTTP/1.1\r\nHost: desk\r\nCookie: {cookie}\r\nAccept-Encoding: gzip\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answer.split(b"\r\n")[0] or b"content-encoding: gzip" not in answer:
            raise ValueError(answer.decode())
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        text = b""
        while size := int(await reader.readline(), 16):
            chunk = await reader.readexactly(size + 2)
            self.received += size
            text += unpacker.decompress(chunk[:-2])
            *events, text = text.split(b"\n\n")
            for event in events:
                nodes = [each.split(b"<")[0].decode() for each in event.split(b"sample-")[1:]]
                told.send((self.place, time.monotonic(), nodes[:100], self.received))


def consoles(places: Sequence[int], address: tuple[str, int], cookie: str, told: Connection) -> None:
    """Run some consoles in a process of their own until it is ended."""

    async def run() -> None:
        await asyncio.gather(*(Console(place).listen(address, cookie, told) for place in places))

    asyncio.run(run())


class Room:
    """All consoles, seen from outside: what each has received."""

    def __init__(self, desk: Process, cookie: str, number: int) -> None:
        self.number = number
        self._received = dict.fromkeys(range(number), 0)
        self._pipes: list[Connection] = []
        self._processes: list[Any] = []
        method = multiprocessing.get_context("spawn")
        for part in range(PROCESSES):
            ours, theirs = method.Pipe(duplex=False)
            places = range(part, number, PROCESSES)
            process = method.Process(target=consoles, args=(places, ("127.0.0.1", desk.port), cookie, theirs))
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def wait(self, node: str) -> list[float]:
        """Return when each console had a node's row, or its first event where no node is named."""
        found: dict[int, float] = {}
        deadline = time.monotonic() + PATIENCE
        while len(found) < self.number:
            ready = multiprocessing.connection.wait(self._pipes, max(0.0, deadline - time.monotonic()))
            for pipe in (each for each in self._pipes if each in ready):
                place, moment, nodes, received = pipe.recv()
                self._received[place] = received
                if not node or node in nodes:
                    found.setdefault(place, moment)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.number - len(found)} consoles lack {node or 'everything'}")
        return sorted(found.values())

    def bytes_received(self) -> int:
        """Return what came over the network in all."""
        return sum(self._received.values())

    def close(self) -> None:
        """End the consoles."""
        for process in self._processes:
            process.terminate()
            process.join()


def log_in(url: str) -> str:
    """Return the cookie of somebody who logged in."""
    with httpx.Client(base_url=url, follow_redirects=True) as browser:
        form = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)
        assert form
        browser.post("/login", data={"csrf": form[1], "name": NAME, "password": PASSWORD}).raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def cpu(process: psutil.Process) -> float:
    """Return the CPU seconds that the desk has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def delays(client: httpx.Client, room: Room, samples: int, already: int) -> dict[str, Any]:
    """Open tickets one by one; return how long the consoles waited for the row of each."""
    first, every, slowest = [], [], []
    received = room.bytes_received()
    for number in range(samples):
        node = f"{already}-{number}"
        sent = body(f"sample-{node}", start=datetime.now(UTC).isoformat(), severity="critical")
        began = time.monotonic()
        client.post(WEBHOOK, json=sent).raise_for_status()
        waited = [moment - began for moment in room.wait(node)]
        every += waited
        first.append(waited[0])
        slowest.append(waited[-1])
    every.sort()
    return {
        "median_seconds": round(every[len(every) // 2], 3),
        "p99_seconds": round(every[int(len(every) * 0.99) - 1], 3),
        "slowest_seconds": round(max(slowest), 3),
        "median_of_the_first_console": round(sorted(first)[len(first) // 2], 3),
        "kilobytes_a_console_and_ticket": round((room.bytes_received() - received) / samples / room.number / 1000, 1),
    }


def measure(desk: Process, number: int, seconds: float, samples: int) -> dict[str, Any]:
    """Return idle cost and delays for each number of open tickets."""
    desk.run("account", "create", "--role", "engineer", "--name", NAME, stdin=f"{PASSWORD}\n")
    desk.start()
    assert desk.running
    process = psutil.Process(desk.running.pid)
    result: dict[str, Any] = {}
    with desk.client() as client:
        cookie = log_in(desk.url)
        already = 0
        for tickets in OPEN_TICKETS:
            fill(client, already, tickets)
            already = tickets
            room = Room(desk, cookie, number)
            try:
                room.wait("")
                time.sleep(2.0)  # what was written while filling is told by now: the stretch to be measured is quiet
                used, began = cpu(process), time.monotonic()
                time.sleep(seconds)
                idle = (cpu(process) - used) / (time.monotonic() - began)
                used = cpu(process)
                found = delays(client, room, samples, tickets)
                found["cpu_seconds_a_ticket"] = round((cpu(process) - used) / samples, 3)
            finally:
                room.close()
            result[f"{tickets} open tickets"] = {"idle_share_of_a_core": round(idle, 4), **found}
    return result


def main() -> int:
    """Measure; return 1 past the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consoles", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--samples", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="console-load-") as folder:
        desk = Process(Path(folder), 'one_ticket_per = "alert"\nwatchdog = ""\n')
        try:
            result = measure(desk, options.consoles, options.seconds, options.samples)
        finally:
            if desk.running:
                desk.stop()
    print(
        json.dumps({"consoles": options.consoles, "load_average": round(psutil.getloadavg()[0], 1), **result}, indent=2)
    )
    return int(any(e["idle_share_of_a_core"] > IDLE_BOUND or e["slowest_seconds"] > ROW_BOUND for e in result.values()))


if __name__ == "__main__":
    sys.exit(main())
