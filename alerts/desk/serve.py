"""`ott-desk serve`: the web server and the workers beside it, until SIGTERM."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from alerts.desk.app import create_app
from alerts.desk.rounds import workers
from alerts.desk.runtime import Runtime
from alerts.desk.workers import Crew
from service.systemd import notify, watchdog_interval

log = logging.getLogger("desk")
GRACE = 10  # seconds that running requests get after SIGTERM


def serve(runtime: Runtime) -> None:
    """Serve until the process is told to stop."""
    host, port = runtime.settings.address
    app = create_app(runtime)
    app.router.lifespan_context = _lifespan(runtime)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # a header that anybody can send must not decide who is near
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        lifespan="on",
        ws="none",
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    uvicorn.Server(config).run()


def _lifespan(runtime: Runtime):  # type: ignore[no-untyped-def]
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        crew = Crew(workers(runtime))
        crew.start()
        sign = asyncio.create_task(_signs_of_life())
        host, port = runtime.settings.address
        log.info("the desk serves http://%s:%d", host, port)
        notify("READY=1")
        yield
        notify("STOPPING=1")
        sign.cancel()
        crew.stop()
        runtime.database.dispose()

    return lifespan


async def _signs_of_life() -> None:
    """Tell systemd that requests are still dealt with: this runs on the same loop as they do."""
    interval = watchdog_interval()
    while interval:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)
