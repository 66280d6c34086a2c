"""Simulated viewers: households that join, watch, zap and leave as players do, over HTTP.

A household has one token and one or two screens, and a home edge, which every new session begins at. When an edge does
not answer, the player goes on at another, as its list or a balancer tells it. Every answer goes into the ledger.
How many households and boxes are on follows the hour, as the history does.

SIGUSR1 holds the audience steady (nobody joins, zaps or leaves), SIGUSR2 lets it move again.
"""

import argparse
import asyncio
import logging
import random
import signal
import time
from pathlib import Path
from typing import NamedTuple

from demo import curve
from demo.platform import middleware
from demo.platform.audience import Audience, Household
from demo.platform.http_client import Edge, Player
from demo.platform.keepalives import say_alive
from demo.platform.ledger import LedgerWriter, Received, Stalled, Trouble
from demo.platform.lineup import CHANNELS, SEGMENT_SECONDS, Rendition
from demo.platform.playout import Buffer, Reporter
from service import logs

HOUSEHOLDS = 48
# Of each poll of a playlist: how often a viewer changes the channel, and how often one switches off.
ZAP, LEAVE = 0.04, 0.015
AWAY_SECONDS = (8.0, 40.0)
ANSWER_SECONDS = 8.0
POPULARITY = range(len(CHANNELS), 0, -1)  # the first channel is watched most
USER_AGENT = "ottwatch-demo-player/1.0"
# Of each segment: how often the line is slow, and for how long the picture then stands still.
SLOW, STALL_SECONDS = 0.02, (4.0, 8.0)
# A picture this far behind the live edge has no slow line: the segments would leave the playlist.
SLOW_BELOW_SECONDS = 12.0
# An old application sends no CMCD; of the others every second one sends version 2.
OLD_APPLICATION_EVERY = 8

logger = logging.getLogger("demo.viewers")


class Line(NamedTuple):
    """What a player's line lets through while it fetches one file; 0 bytes per second is as much as it can."""

    seconds: float
    bytes_per_second: int


FAST = Line(0.0, 0)


class Screen:
    """A player in a household."""

    def __init__(self, household: Household, audience: Audience) -> None:
        self._household = household
        self._audience = audience
        self._player = Player(household.edge, USER_AGENT)
        self._buffer = Buffer()
        self._reporter: Reporter | None = None
        self._stalled: Stalled | None = None  # the last one, until the next segment is asked for

    async def live(self) -> None:
        """Watch and be away in turns, until cancelled."""
        rng = self._audience.rng
        await asyncio.sleep(rng.uniform(0, 2 * SEGMENT_SECONDS))
        while True:
            await self._audience.moving.wait()
            if not self._audience.up(self._household.place):
                await asyncio.sleep(rng.uniform(*AWAY_SECONDS))
                continue
            self._household.watching += 1
            try:
                while await self._watch(rng.choices(list(CHANNELS), POPULARITY)[0]):
                    pass
            finally:
                self._household.watching -= 1
                self._player.close()
            await asyncio.sleep(rng.uniform(*AWAY_SECONDS))

    async def _watch(self, channel: str) -> bool:
        """Watch one channel; return True to zap to another and False to switch off."""
        rng = self._audience.rng
        self._connect(self._household.edge)
        rendition = rng.choice(CHANNELS[channel])
        version = self._household.cmcd
        self._buffer = Buffer()
        self._reporter = Reporter.begin(rng, channel, rendition, version) if version else None
        await self._get(channel, "index.m3u8", self._of_playlist())
        last = None
        while True:
            polled = time.monotonic()
            segments = await self._segments(channel, rendition.name)
            # A player starts three segments before the live edge (RFC 8216, 6.3.3).
            fresh = segments[-3:] if last is None else [number for number in segments if number > last]
            for number in fresh:
                await self._segment(channel, rendition, number)
                last = number
            wait = SEGMENT_SECONDS if fresh else SEGMENT_SECONDS / 2
            await asyncio.sleep(max(0.0, wait - (time.monotonic() - polled)))
            if self._audience.moving.is_set():
                fate = rng.random()
                if fate < ZAP + LEAVE or not self._audience.up(self._household.place):
                    self._note_stall(reported=False)
                    return fate < ZAP

    async def _segment(self, channel: str, rendition: Rendition, number: int) -> None:
        """Fetch a segment and play it."""
        reporter, buffer, began = self._reporter, self._buffer, time.time()
        self._note_stall(reported=reporter is not None)
        cmcd = [] if reporter is None else [reporter.segment(buffer, began)]
        body = await self._get(channel, f"{rendition.name}/{number}.ts", cmcd, self._line(began, rendition))
        if not body:
            return
        now = time.time()
        if reporter is not None:
            reporter.received(len(body), now - began)
        stall = buffer.add(now, SEGMENT_SECONDS)
        if stall is not None:
            self._stalled = Stalled(*stall, self._player.edge.name, channel, reported=False)
            if reporter is not None:
                reporter.starved = True

    def _line(self, now: float, rendition: Rendition) -> Line:
        """Return how fast the line is for the next segment: now and then too slow for what is left in the buffer."""
        rng, left = self._audience.rng, self._buffer.level(now)
        if not self._audience.moving.is_set() or not 0 < left < SLOW_BELOW_SECONDS or rng.random() >= SLOW:
            return FAST
        seconds = left + rng.uniform(*STALL_SECONDS)
        return Line(seconds, round(rendition.bits_per_second * SEGMENT_SECONDS / 8 / seconds))

    def _note_stall(self, *, reported: bool) -> None:
        """Write down the last stall, once it is known whether the player goes on."""
        if self._stalled is not None:
            self._audience.ledger.add_stall(self._stalled._replace(reported=reported))
            self._stalled = None

    def _of_playlist(self) -> list[str]:
        return [] if self._reporter is None else [self._reporter.playlist(self._buffer)]

    def _connect(self, edge: Edge) -> None:
        if self._player.edge != edge:
            self._player.close()
            self._player = Player(edge, USER_AGENT)

    async def _segments(self, channel: str, rendition: str) -> list[int]:
        body = await self._get(channel, f"{rendition}/index.m3u8", self._of_playlist())
        return [int(line[:-3]) for line in body.decode().splitlines() if line.endswith(".ts")]

    async def _get(self, channel: str, name: str, cmcd: list[str], line: Line = FAST) -> bytes:
        """Fetch one file of a channel, from another edge when this one does not answer."""
        path = f"/live/{channel}/{name}?{'&'.join([f'token={self._household.token}', *cmcd])}"
        while True:
            edge = self._player.edge
            try:
                async with asyncio.timeout(ANSWER_SECONDS + line.seconds):
                    answer = await self._player.get(path, line.bytes_per_second)
            except (OSError, TimeoutError) as error:
                logger.debug("%s does not answer: %s", edge.name, error)
                self._suffer(edge.name, answered=False)
                self._connect(self._audience.another(edge))
                await asyncio.sleep(1)
                continue
            self._audience.ledger.add(
                Received(time.time(), edge.name, self._household.token, channel, answer.status, answer.received)
            )
            if answer.status >= 500:
                self._suffer(edge.name, answered=True)
            return answer.body if answer.status == 200 else b""

    def _suffer(self, edge: str, *, answered: bool) -> None:
        self._audience.ledger.add_trouble(Trouble(time.time(), self._household.account, edge, answered))


async def run(arguments: argparse.Namespace) -> None:
    """Let all viewers live until cancelled."""
    rng = random.Random(arguments.seed)
    edges = [edge(text) for text in arguments.edge]
    accounts = middleware.subscribers(arguments.database, "ott", HOUSEHOLDS)
    tokens = middleware.issue_tokens(arguments.database, accounts)
    households = [
        Household(
            place,
            account,
            tokens[account],
            edges[place % len(edges)],
            screens=2 if place % 6 == 0 else 1,
            cmcd=0 if place % OLD_APPLICATION_EVERY == OLD_APPLICATION_EVERY - 1 else 1 + place // 2 % 2,
        )
        for place, account in enumerate(accounts)
    ]
    boxes = middleware.subscribers(arguments.database, "iptv", curve.BOXES)
    loop = asyncio.get_running_loop()
    with (
        arguments.ledger.open("w", encoding="ascii", buffering=1) as answers,
        arguments.stalls.open("w", encoding="ascii", buffering=1) as stalls,
        arguments.troubles.open("w", encoding="ascii", buffering=1) as troubles,
    ):
        audience = Audience(edges, LedgerWriter(answers, stalls, troubles), rng)
        audience.moving.set()
        loop.add_signal_handler(signal.SIGUSR1, audience.moving.clear)
        loop.add_signal_handler(signal.SIGUSR2, audience.moving.set)
        async with asyncio.TaskGroup() as group:
            group.create_task(say_alive(households, boxes, audience, arguments.middleware))
            for household in households:
                for _ in range(household.screens):
                    group.create_task(Screen(household, audience).live())
            logger.info("%d households at %s", len(households), ", ".join(edge.name for edge in edges))


def edge(text: str) -> Edge:
    """Read "edge-1=8080"."""
    name, _, port = text.partition("=")
    return Edge(name, "127.0.0.1", int(port))


def main() -> None:
    """Simulate until killed."""
    parser = argparse.ArgumentParser("viewers")
    parser.add_argument("--edge", action="append", required=True, metavar="NAME=PORT")
    parser.add_argument("--middleware", type=int, required=True, metavar="PORT")
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--stalls", type=Path, required=True)
    parser.add_argument("--troubles", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logs.configure("text")
    asyncio.run(run(arguments))


if __name__ == "__main__":
    main()
