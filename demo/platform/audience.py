"""Households, and what all of them share."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from demo import curve
from demo.platform.http_client import Edge
from demo.platform.ledger import LedgerWriter

# Screens of a household, on average, and the share of its time that a household that is up does watch.
SCREENS, WATCHES = 7 / 6, 0.95


@dataclass(slots=True)
class Household:
    """One subscriber at home."""

    place: int
    account: int
    token: str
    edge: Edge
    screens: int
    cmcd: int  # the version that its players send; 0 is none
    watching: int = 0  # screens that are on


@dataclass(slots=True)
class Audience:
    """What all viewers share."""

    edges: list[Edge]
    ledger: LedgerWriter
    rng: random.Random
    moving: asyncio.Event = field(default_factory=asyncio.Event)

    def up(self, place: int) -> bool:
        """Return whether the household at a place of the list is up at this hour."""
        return place < curve.expected(time.time()).sessions / (SCREENS * WATCHES)

    def another(self, edge: Edge) -> Edge:
        """Return an edge to try after `edge` did not answer."""
        others = [other for other in self.edges if other != edge]
        return self.rng.choice(others) if others else edge
