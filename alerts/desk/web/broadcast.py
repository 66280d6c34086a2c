"""One look at the database for all consoles: did anything change?

A commit of this process wakes the look at once; what another desk on the same database changed is seen by looking
every `PERIOD`. The look is two reads by primary key; it is taken only while somebody listens.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

from alerts.desk.core.database import UNAVAILABLE, Database
from alerts.desk.tickets import listing as console
from service.database_trouble import trouble

PERIOD = 0.4  # seconds between looks when nothing wakes it
SPACING = (
    0.0005  # seconds of rest after telling, for each listener: a storm leaves most of the processor to the webhook
)
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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        database.on_commit(self.wake)

    async def marks(self) -> AsyncIterator[str]:
        """Yield the mark now and after each change, and nothing (an empty text) where it stays quiet for long."""
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            if self._look is None or self._look.done():
                self._mark = ""  # old, since nobody looked
                self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
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

    def wake(self) -> None:
        """Look now instead of at the end of the period; may be called from any thread."""
        if self._loop is not None and self._waiting:
            with suppress(RuntimeError):  # the loop ended meanwhile, and its listeners with it
                self._loop.call_soon_threadsafe(self._woken.set)

    def stop(self) -> None:
        """Let every listener go, so that the server can end."""
        self._stopped = True
        for news in self._waiting:
            news.set()

    async def _run(self) -> None:
        failing = False
        while self._waiting and not self._stopped:
            self._woken.clear()  # before the look: a commit during it asks for another
            try:
                mark = await asyncio.to_thread(self._read)
            except UNAVAILABLE as error:
                if not failing:
                    log.warning("consoles hear of no changes", extra={"error": trouble(error)})
                failing = True
            else:
                failing = False
                if mark != self._mark:
                    self._mark = mark
                    for news in self._waiting:
                        news.set()
                    await asyncio.sleep(min(self._period, SPACING * len(self._waiting)))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._period)

    def _read(self) -> str:
        with self._database.read() as connection:
            return console.mark(connection)
