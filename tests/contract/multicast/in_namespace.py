"""What the tests of test_network.py run inside a network namespace of their own; prints what it saw as JSON.

Nothing leaves the machine: the namespace has a loopback interface and nothing else.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from agent.sources.multicast.analysis import Analysis
from agent.sources.multicast.join import receiver
from agent.sources.multicast.receive import Receiver
from agent.sources.multicast.settings import MulticastReceiver, MulticastSettings
from agent.sources.multicast.source import MulticastSource
from tests.contract.multicast.streams import IN_DATAGRAM, PACKET, RATE

DATAGRAM = PACKET * IN_DATAGRAM
OTHER_SENDER = "10.9.9.9"


def many(_: Path) -> object:
    """Join 400 groups, stop, and count the kernel's memberships before, while and after."""
    channels = [
        MulticastSettings(f"c{number}", f"239.1.{number // 250}.{number % 250 + 1}:5000") for number in range(400)
    ]
    counts = [memberships()]
    with running(MulticastSource(channels, MulticastReceiver())) as source:
        joined = sum(sample.value == 1 for sample in source.samples() if sample.metric.name == "ott_ts_joined")
        counts.append(memberships())
    counts.append(memberships())
    return {"memberships": counts, "joined": joined}


def only_sender(_: Path) -> object:
    """Join for one sender; send from two."""
    channel = receiver(MulticastSettings("c", "239.1.0.2:5000", source="127.0.0.1", interface="lo"), 65_536)
    filters = Path("/proc/net/mcfilter").read_text("ascii").splitlines()[1:]
    for address in ("127.0.0.1", OTHER_SENDER):
        sender(address).sendto(address.encode(), ("239.1.0.2", 5000))
    time.sleep(0.2)
    got = []
    while True:
        try:
            got.append(channel.recv(100).decode())
        except BlockingIOError:
            return {"filters": filters, "got": got}


def two_groups(stream: Path) -> object:
    """Send two channels to one port, one of them by IPv6; return the datagrams that each got."""
    channels = [
        MulticastSettings("one", "239.1.0.1:5000", interface="lo"),
        MulticastSettings("two", "239.1.0.2:5000", interface="lo"),
        MulticastSettings("six", "[ff15::1]:5000", interface="six0"),
        MulticastSettings("none", "239.1.0.3:5000", interface="eth77"),
    ]
    with running(MulticastSource(channels, MulticastReceiver())) as source:
        play(stream, 1.5, lambda data: (out.sendto(data, ("239.1.0.1", 5000)), out6.sendto(data, ("ff15::1", 5000))))
        time.sleep(0.3)
        return {
            f"{sample.labels[0]} {sample.metric.name}": sample.value
            for sample in source.samples()
            if sample.metric.name in ("ott_ts_datagrams_total", "ott_ts_up", "ott_ts_joined")
        }


def dropped(stream: Path) -> object:
    """Let the kernel's buffer run over, and return what is called a fault."""
    settings = MulticastSettings("c", "239.1.0.1:5000", interface="lo")
    channel = receiver(settings, 65_536)
    analysis, block = Analysis([settings]), Receiver()
    data = stream.read_bytes()
    pieces = cycle(data[at : at + DATAGRAM] for at in range(0, 2_000 * DATAGRAM, DATAGRAM))
    for burst in (20, 500, 20, 20):
        for _ in range(burst):
            out.sendto(next(pieces), ("239.1.0.1", 5000))
        analysis.take(block.fetch([(0, channel.fileno())]))
    found = analysis.channels[0]
    errors = {indicator.title: count for indicator, count in found.indicators.counts.items() if count}
    return {"received": found.datagrams, "dropped": found.dropped, "errors": errors}


def program(stream: Path) -> object:
    """Run the agent itself; return its figures, and the memberships while it runs and after it is killed."""
    folder = stream.parent
    file = folder / "agent.toml"
    file.write_text(
        'listen = "127.0.0.1:9107"\n[[multicast]]\nchannel = "first"\naddress = "239.1.0.1:5000"\ninterface = "lo"\n'
        "constant_bitrate = true\n",
        "utf-8",
    )
    command = [str(Path(sys.executable).with_name("ott-agent")), "serve", "--config", str(file)]
    agent = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until(lambda: memberships() > 0)
        player = threading.Thread(target=play, args=[stream, 3.0, lambda data: out.sendto(data, ("239.1.0.1", 5000))])
        player.start()
        time.sleep(2.5)
        with urllib.request.urlopen("http://127.0.0.1:9107/metrics", timeout=5) as answer:
            page = answer.read().decode()
        running_memberships = memberships()
        player.join()
    finally:
        os.kill(agent.pid, signal.SIGKILL)
        agent.wait()
    lines = [line for line in page.splitlines() if line.startswith("ott_ts_")]
    return {"lines": lines, "memberships": [running_memberships, memberships()]}


@contextmanager
def running(source: MulticastSource) -> Iterator[MulticastSource]:
    source.start()
    try:
        until(lambda: any(sample.value == 1 for sample in source.samples() if sample.metric.name == "ott_ts_joined"))
        yield source
    finally:
        source.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("nothing happened in 20 s")
        time.sleep(0.05)


def memberships() -> int:
    """Return how many groups of 239.0.0.0/8 the kernel has joined."""
    return sum(line.split()[0].endswith("EF") for line in Path("/proc/net/igmp").read_text("ascii").splitlines())


def sender(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, 0))
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    return made


def play(stream: Path, seconds: float, send: Callable[[bytes], object]) -> None:
    """Send the stream at its rate."""
    data = stream.read_bytes()
    began, step = time.monotonic(), DATAGRAM * 8 / RATE
    for number in range(int(seconds / step)):
        send(data[number * DATAGRAM : (number + 1) * DATAGRAM])
        time.sleep(max(0.0, began + number * step - time.monotonic()))


if __name__ == "__main__":
    for command in (
        "link set lo up",
        "link set lo multicast on",
        f"addr add {OTHER_SENDER}/32 dev lo",
        "route add 224.0.0.0/4 dev lo",
        # IPv6 has no multicast on the loopback interface: a pair of interfaces of which only one end is used.
        "link add six0 type veth peer name six1",
        "link set six0 up",
        "link set six1 up",
        "addr add fd00::1/64 dev six0 nodad",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    out = sender("127.0.0.1")
    out6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    out6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex("six0"))
    tried = {made.__name__: made for made in (many, only_sender, two_groups, dropped, program)}
    print(json.dumps(tried[sys.argv[1]](Path(sys.argv[2]))))
