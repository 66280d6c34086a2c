"""`ott-desk serve`: the web server and the workers beside it, until SIGTERM."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from types import FrameType

import uvicorn
from fastapi import FastAPI

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.app.application import create_app
from alerts.desk.app.jobs import workers
from alerts.desk.app.kinds import CLOCKS
from alerts.desk.app.wiring import policy_of
from alerts.desk.app.workers import Crew
from alerts.desk.appeals.desk import Rules
from alerts.desk.core import metrics
from alerts.desk.core.settings import Settings
from alerts.desk.tickets.runtime import Refused, Runtime
from service.listening import KEEP_ALIVE, listening
from service.settings import SettingsError
from service.systemd import notify, watchdog_interval

log = logging.getLogger("desk")
GRACE = 10  # seconds that running requests get after SIGTERM
COLLECT_AFTER = 50_000  # objects; a webhook of a hundred alerts makes as many, and hardly any of them in a cycle


def serve(
    runtime: Runtime, correlator: Correlator, reread: Callable[[], Settings], appeals: Rules | None = None
) -> None:  # fmt: skip
    """Serve until the process is told to stop; on SIGHUP, take over what `reread` returns."""
    host, port = runtime.settings.address
    app = create_app(runtime, correlator, appeals)
    app.router.lifespan_context = _lifespan(runtime, correlator, reread, appeals)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        # A header that anybody can send says who asks only where a known proxy sent it.
        proxy_headers=bool(runtime.settings.proxies),
        forwarded_allow_ips=list(runtime.settings.proxies),
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=KEEP_ALIVE,
        lifespan="on",
        ws="none",
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # Bound before anything else begins: a desk that nobody can reach must not say that it is ready, nor act.
    with listening(host, port, config.backlog) as listener:
        _Server(config, app.state.pulse.stop).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Stops in good order and leaves the exit status to the program; uvicorn would raise the signal once more.

    The consoles' event streams are let go at once: they never end by themselves.
    """

    def __init__(self, config: uvicorn.Config, release: Callable[[], None]) -> None:
        super().__init__(config)
        self._release = release

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        """Stop; told so twice, do not wait for running requests."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._release()


def _lifespan(
    runtime: Runtime, correlator: Correlator, reread: Callable[[], Settings], appeals: Rules | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        crew = Crew(workers(runtime, correlator, appeals))
        crew.start()
        # What is loaded stays to the end; looking through it again and again took up to a quarter of a storm's time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(
            signal.SIGHUP, lambda: loop.run_in_executor(None, reload, runtime, correlator, crew, reread, appeals)
        )
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


def reload(
    runtime: Runtime, correlator: Correlator, crew: Crew, reread: Callable[[], Settings], appeals: Rules | None = None
) -> None:  # fmt: skip
    """Take over changed settings; a mistake in the file changes nothing. What serving began with needs a restart."""
    notify("RELOADING=1")
    try:
        fresh = reread()
    except SettingsError as error:
        for fault in error.faults:
            log.error("the settings stay as they were: %s", fault)  # noqa: TRY400 - a mistake of the user, no bug
        runtime.refused = Refused(runtime.now(), [str(fault) for fault in error.faults])
    else:
        kept = ("listen", "database", "limits", "proxies", "appeals")
        fixed = {name: getattr(runtime.settings, name) for name in kept}
        if any(getattr(fresh, name) != value for name, value in fixed.items()):
            log.warning("a changed listen, database, limits, proxies or appeals takes effect with a restart")
        runtime.settings = replace(fresh, **fixed)
        runtime.policy = policy_of(runtime.settings, CLOCKS)
        crew.replace(workers(runtime, correlator, appeals))
        runtime.refused = None
        log.info("the settings were read again")
    runtime.counts.set(metrics.RELOAD_SUCCESSFUL, float(runtime.refused is None))
    notify("READY=1")


async def _signs_of_life() -> None:
    """Tell systemd that requests are still dealt with: this runs on the same loop as they do."""
    interval = watchdog_interval()
    while interval:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)
