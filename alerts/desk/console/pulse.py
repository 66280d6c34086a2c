"""One look at the database for all consoles: did anything change? Also what another desk changed is seen.

The look is two reads by primary key; it is taken only while somebody listens.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

from alerts.desk.store import console
from alerts.desk.store.database import UNAVAILABLE, Database

PERIOD = 0.4  # seconds between looks
QUIET = 15.0  # seconds after which a listener is told that the line still works
LIFE = 600.0  # seconds after which a listener has to come again, and show again that it may

log = logging.getLogger("desk.pulse")


class Pulse:
    """Tells every listener the mark of the latest change."""

    def __init__(self, database: Database, period: float = PERIOD) -> None:
        self._database = database
        self._period = period
        self._mark = ""
        self._waiting: set[asyncio.Event] = set()
        self._look: asyncio.Task[None] | None = None
        self._stopped = False

    async def marks(self) -> AsyncIterator[str]:
        """Yield the mark now and after each change, and nothing (an empty text) where it stays quiet for long."""
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            if self._look is None or self._look.done():
                self._mark = ""  # old, since nobody looked
                self._look = asyncio.create_task(self._run())
            loop = asyncio.get_running_loop()
            end = loop.time() + LIFE
            if self._mark:
                yield self._mark
            while not self._stopped and loop.time() < end:
                try:
                    await asyncio.wait_for(news.wait(), QUIET)
                except TimeoutError:
                    yield ""
                    continue
                news.clear()
                if not self._stopped:
                    yield self._mark
        finally:
            self._waiting.discard(news)

    def stop(self) -> None:
        """Let every listener go, so that the server can end."""
        self._stopped = True
        for news in self._waiting:
            news.set()

    async def _run(self) -> None:
        failing = False
        while self._waiting and not self._stopped:
            try:
                mark = await asyncio.to_thread(self._read)
            except UNAVAILABLE as error:
                if not failing:
                    log.warning("consoles hear of no changes", extra={"error": str(error).split("\n")[0]})
                failing = True
            else:
                failing = False
                if mark != self._mark:
                    self._mark = mark
                    for news in self._waiting:
                        news.set()
            await asyncio.sleep(self._period)

    def _read(self) -> str:
        with self._database.read() as connection:
            return console.mark(connection)
