"""A lane of its own for webhooks, so that a storm of them keeps nobody else waiting.

After an outage every group of every Alertmanager arrives at once, and each sender waits ten seconds or so before it
gives up and comes again. Were they to share the threads of all other requests, health checks and the console would
stand in their queue; and were the given-up ones stored all the same, the desk would be busy with what is sent again
anyway and never come to what somebody still waits for.
"""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, Semaphore, to_thread
from fastapi import HTTPException, Request

Result = TypeVar("Result")
WIDTH = 8  # commits at once: SQLite takes one at a time, PostgreSQL's pool has more connections than that


class Lane:
    """At most `width` jobs at once, each in a thread; the others wait in the order of their arrival."""

    def __init__(self, width: int = WIDTH) -> None:
        self._turn = Semaphore(width)
        self._threads = CapacityLimiter(width)

    async def run(self, job: Callable[[], Result]) -> Result:
        """Run a job when its turn comes."""
        async with self._turn:
            return await to_thread.run_sync(job, limiter=self._threads)

    async def run_unless_gone(self, request: Request, job: Callable[[], Result]) -> Result:
        """Run the job of a request whose body is read, unless the sender gave up before its turn came."""
        async with self._turn:
            if await request.is_disconnected():
                raise HTTPException(503, "the sender did not wait for its turn")
            return await to_thread.run_sync(job, limiter=self._threads)


def lane_of(request: Request) -> Lane:
    """Return the running desk's lane."""
    lane: Lane = request.app.state.webhooks
    return lane
