"""Healthy nodes whose figures change as those of edges do, at one address: node N answers at /N.

python -m bench.soak_nodes PORT NODES
"""

import argparse
import asyncio
import random
import time
from collections.abc import Iterator

from bench.rules_cost import LONG_AGO, NOW, series, value

KEPT = 2.0  # seconds for which an answer is given to whoever asks: an agent serves what its collectors have finished

# What grows on an edge that serves, in units a second, and what goes up and down.
GROWS = {
    "node_network_transmit_bytes_total": 2.2e8,
    "node_network_transmit_packets_total": 3e5,
    "node_network_receive_packets_total": 1e5,
    "ott_edge_egress_bytes_total": 2e8,
    "ott_edge_log_lines_total": 900.0,
    "ott_edge_request_duration_seconds_bucket": 700.0,
    "ott_edge_identity_requests_total": 300.0,
}
MOVES = {"ott_edge_sessions": 1500, "ott_edge_viewers": 2500, "ott_edge_channel_sessions": 150}
MOVES |= {"ott_edge_connections": 3000, "node_memory_MemAvailable_bytes": 900}
# What a constant says instead of 1000: cards that are not full.
CONSTANTS = {"node_network_speed_bytes": "1250000000"}


class Node:
    """One node: its counters go on from where they were."""

    def __init__(self, number: int, now: float) -> None:
        self._last = now
        self._dice = random.Random(number)
        names = [name.replace('node="x",', "").replace('{node="x"}', "") for name in series('node="x"', 0)]
        self._lines = [(name, name.partition("{")[0]) for name in names]
        self._counted = [0.0] * len(names)
        self._page = b""

    def values(self, now: float) -> Iterator[tuple[str, str]]:
        """Yield each series without the node's own labels, and what it says at a Unix time."""
        for name, said in self._said(now):
            yield name, said.replace(NOW.decode(), f"{now:.3f}").replace(LONG_AGO.decode(), f"{now - 1e6:.3f}")

    def page(self) -> bytes:
        """Return what the node says now; only its clocks are newer than KEPT."""
        now = time.time()
        if now - self._last >= KEPT or not self._page:
            self._page = "".join(f"{name} {said}\n" for name, said in self._said(now)).encode()
        return self._page.replace(NOW, b"%.3f" % now).replace(LONG_AGO, b"%.3f" % (now - 1e6))

    def _said(self, now: float) -> Iterator[tuple[str, str]]:
        """Yield the same with NOW and LONG_AGO instead of times."""
        dice = self._dice
        passed, self._last = now - self._last, now
        for place, (name, metric) in enumerate(self._lines):
            if metric in GROWS:
                self._counted[place] += GROWS[metric] * passed * dice.uniform(0.8, 1.2)
                yield name, f"{self._counted[place]:.0f}"
            elif metric in MOVES:
                yield name, str(round(MOVES[metric] * dice.uniform(0.9, 1.1)))
            else:
                yield name, CONSTANTS.get(metric) or value(name)


class Answers(asyncio.Protocol):
    """Answers one connection's requests, one after the other.

    A server for any application takes four times as long as the answer does, of processors that the pair needs.
    """

    def __init__(self, nodes: list[Node]) -> None:
        self._nodes = nodes
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where the answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that has come as a whole."""
        *requests, self._read = (self._read + data).split(b"\r\n\r\n")
        for request in requests:
            body = self._nodes[int(request.split(b" ", 2)[1].strip(b"/"))].page()
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %d\r\n\r\n"
            self._transport.write(head % len(body) + body)


async def serve() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser("bench.soak_nodes", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("nodes", type=int)
    given = parser.parse_args()
    nodes = [Node(number, time.time()) for number in range(given.nodes)]
    server = await asyncio.get_running_loop().create_server(lambda: Answers(nodes), "127.0.0.1", given.port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
