"""Healthy nodes whose figures change as those of edges do, at one address: node N answers at /N.

python -m bench.soak_nodes PORT NODES
"""

import argparse
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import uvicorn

from bench.rules_cost import LONG_AGO, NOW, series, value
from service.listening import KEEP_ALIVE

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

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Node:
    """One node: its counters go on from where they were."""

    def __init__(self, number: int, now: float) -> None:
        self._last = now
        self._dice = random.Random(number)
        names = [name.replace('node="x",', "").replace('{node="x"}', "") for name in series('node="x"', 0)]
        self._lines = [(name, name.partition("{")[0]) for name in names]
        self._counted = [0.0] * len(names)

    def values(self, now: float) -> Iterator[tuple[str, str]]:
        """Yield each series without the node's own labels, and what it says at a Unix time."""
        dice = self._dice
        passed, self._last = now - self._last, now
        for place, (name, metric) in enumerate(self._lines):
            if metric in GROWS:
                self._counted[place] += GROWS[metric] * passed * dice.uniform(0.8, 1.2)
                yield name, f"{self._counted[place]:.0f}"
            elif metric in MOVES:
                yield name, str(round(MOVES[metric] * dice.uniform(0.9, 1.1)))
            elif metric in CONSTANTS:
                yield name, CONSTANTS[metric]
            else:
                shown = value(name).replace(NOW.decode(), f"{now:.3f}")
                yield name, shown.replace(LONG_AGO.decode(), f"{now - 1e6:.3f}")

    def page(self) -> bytes:
        """Return what the node says now."""
        return "".join(f"{name} {shown}\n" for name, shown in self.values(time.time())).encode()


def app(nodes: list[Node]) -> Callable[[Mapping[str, Any], object, Send], Awaitable[None]]:
    """Return an ASGI application that serves the nodes."""
    headers = [(b"content-type", b"text/plain; version=0.0.4")]

    async def answer(scope: Mapping[str, Any], _receive: object, send: Send) -> None:
        body = nodes[int(scope["path"].strip("/"))].page()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def serve() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser("bench.soak_nodes", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("nodes", type=int)
    given = parser.parse_args()
    nodes = [Node(number, time.time()) for number in range(given.nodes)]
    uvicorn.run(
        app(nodes), host="127.0.0.1", port=given.port, lifespan="off", access_log=False, log_level="warning",
        timeout_keep_alive=KEEP_ALIVE,
    )  # fmt: skip


if __name__ == "__main__":
    serve()
