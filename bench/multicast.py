"""What a channel by multicast costs: ott-agent beside `ffmpeg -c copy` on the same streams.

A sender gives every channel the same 8 Mbit/s over the loopback interface; the agent receives and judges all of
them, ffmpeg a few, judging nothing. CPU is the process's own user and system time. Prints one JSON object; exit
status 1 when the agent is past its bounds or has lost a datagram that it does not account for.

    python -m bench.multicast [--channels 50] [--peers 4] [--seconds 30]
"""

import argparse
import json
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from demo.ports import free_port
from tests.contract.agent.program import agent
from tests.contract.multicast.streams import IN_DATAGRAM, PACKET, make

RATE = 8_000_000  # bit/s
_UDP_SEGMENT = 103  # Linux: the kernel cuts what is sent into datagrams
_STEP = 0.05  # seconds
MOST_SHARE, MOST_RATIO = 0.002, 0.5  # of a core for each channel; against ffmpeg
TABLE = '[[multicast]]\nchannel = "channel-{number}"\naddress = "127.0.0.1:{port}"\nconstant_bitrate = true\n'


class Sender(threading.Thread):
    """Sends the stream to all ports at its rate until stopped."""

    def __init__(self, data: bytes, ports: list[int]) -> None:
        super().__init__(daemon=True)
        self.sent = 0  # datagrams to each port
        self._data, self._ports = data, ports
        self._stopped = threading.Event()

    def run(self) -> None:
        """Send a twentieth of a second at a time."""
        datagram = PACKET * IN_DATAGRAM
        size = int(RATE / 8 * _STEP) // datagram * datagram
        parts = [self._data[at : at + size] for at in range(0, len(self._data) - size, size)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, datagram)
            began = time.monotonic()
            number = 0
            while not self._stopped.is_set():
                part = parts[number % len(parts)]
                for port in self._ports:
                    out.sendto(part, ("127.0.0.1", port))
                number += 1
                self.sent += len(part) // datagram
                self._stopped.wait(max(0.0, began + number * size * 8 / RATE - time.monotonic()))

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self.join()


def main() -> int:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser("python -m bench.multicast", description=__doc__)
    parser.add_argument("--channels", type=int, default=50)
    parser.add_argument("--peers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = measure(Path(name), arguments.channels, arguments.peers, arguments.seconds)
    print(json.dumps(result, indent=2))
    return int(result["share_of_core"] > MOST_SHARE or result["ratio"] > MOST_RATIO or result["unexplained"] != 0)


def measure(folder: Path, channels: int, peers: int, seconds: float) -> dict[str, float]:
    """Return what the agent and ffmpeg took for a channel, as shares of a core."""
    data = b"".join(make(folder, rate=RATE))
    free: set[int] = set()
    while len(free) < channels + peers:
        free.add(free_port())
    ports, others = sorted(free)[:channels], sorted(free)[channels:]
    settings = "[host]\nenabled = false\n" + "".join(
        TABLE.format(number=number, port=port) for number, port in enumerate(ports)
    )
    with ExitStack() as stack:
        running = stack.enter_context(agent(folder, settings))
        ffmpegs = [stack.enter_context(_peer(port)) for port in others]
        processes = [psutil.Process(running.process.pid), *(psutil.Process(peer.pid) for peer in ffmpegs)]
        time.sleep(2)
        sender = Sender(data, ports + others)
        sender.start()
        time.sleep(3)
        before = [_seconds(process) for process in processes]
        began = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        used = [(_seconds(process) - start) / took for process, start in zip(processes, before, strict=True)]
        memory = processes[0].memory_info().rss
        sender.stop()
        time.sleep(0.5)
        page = running.get("/metrics").text
        for peer in ffmpegs:
            peer.kill()
    received, dropped = _total(page, "ott_ts_datagrams_total"), _total(page, "ott_ts_datagrams_dropped_total")
    share, peer_share = used[0] / channels, sum(used[1:]) / peers
    return {
        "channels": channels,
        "share_of_core": round(share, 5),
        "ffmpeg_share_of_core": round(peer_share, 5),
        "ratio": round(share / peer_share, 3),
        "agent_rss_bytes": memory,
        "datagrams": received,
        "dropped_by_kernel": dropped,
        "unexplained": sender.sent * channels - received - dropped,
    }


def _peer(port: int) -> subprocess.Popen[bytes]:
    command = [
        "ffmpeg",
        "-nostdin",
        "-loglevel",
        "quiet",
        "-i",
        f"udp://127.0.0.1:{port}",
        "-c",
        "copy",
        "-f",
        "null",
        "-",
    ]
    return subprocess.Popen(command)


def _total(page: str, name: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(name + "{"))


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    raise SystemExit(main())
