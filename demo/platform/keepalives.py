"""Keep-alives to the middleware: of households that watch, and of boxes that watch over multicast."""

import asyncio
import random
import socket
import time
from itertools import count

from demo import curve
from demo.platform.audience import Audience, Household

# How often boxes are switched on and off, and the share of those that are on that is switched off, and others on.
BOX_HABIT_SECONDS, BOXES_SWITCHED = 60, 0.02
KEEPALIVE_SECONDS = 10


async def say_alive(households: list[Household], boxes: list[int], audience: Audience, port: int) -> None:
    """Send the keep-alive of everyone who watches, spread over the period."""
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    on: set[int] = set()
    everyone: list[Household | int] = [*households, *boxes]
    for turn in count():
        if turn % BOX_HABIT_SECONDS == 0 and audience.moving.is_set():
            on = switched(boxes, on, curve.expected(time.time()).boxes, audience.rng)
        for one in everyone[turn % KEEPALIVE_SECONDS :: KEEPALIVE_SECONDS]:
            watching, account = (one in on, one) if isinstance(one, int) else (one.watching > 0, one.account)
            if watching:
                channel.sendto(str(account).encode(), ("127.0.0.1", port))
        await asyncio.sleep(1)


def switched(boxes: list[int], on: set[int], wanted: int, rng: random.Random) -> set[int]:
    """Return the boxes that are on from now: as many as wanted, mostly those that were on before."""
    kept = rng.sample(sorted(on), min(wanted, round(len(on) * (1 - BOXES_SWITCHED))))
    others = [box for box in boxes if box not in on]
    return {*kept, *rng.sample(others, min(len(others), wanted - len(kept)))}
