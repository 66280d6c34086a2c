"""`ott-agent serve`: collect and serve /metrics until told to stop."""

import argparse
import gc
import logging
import signal
import threading
from queue import Empty, SimpleQueue

from agent.cli.access import access_of
from agent.cli.configuration import add_arguments, file_of, make_runner, settings_of
from agent.runtime.collector import Page
from agent.runtime.exposition import registry
from agent.runtime.server import Server
from service import systemd
from service.metric import Sample
from service.program import Exit
from service.setting_types import host_and_port
from service.settings import Fault, SettingsError

__all__ = ["add_arguments", "run"]

log = logging.getLogger("agent.cli.serve")

# How long the watchdog waits for a scrape under way before it lets systemd restart the agent.
SCRAPE_PATIENCE = 5.0


class Agent:
    """The running service; `reload` swaps what is collected while the server goes on."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._settings = settings_of(arguments)
        self._access = access_of(self._settings, arguments.config)
        self.runner = make_runner(self._settings, file_of(arguments))

    def serve(self, signals: "SimpleQueue[int]") -> int:
        """Serve until a signal other than SIGHUP comes; reload at SIGHUP."""
        settings = self._settings
        try:
            server = Server(
                host_and_port(settings.listen),
                registry(self._samples),
                ready=lambda: self.runner.ready,
                access=self._access,
                tls=settings.tls,
            )
        except OSError as error:
            problem = f"{settings.listen}: {error.strerror}; choose another"
            raise SettingsError([Fault(file_of(self._arguments), "listen", problem)]) from None
        server.page = self._page
        self.runner.start()
        threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
        # What stands now stays: the collector need not walk it at every scrape, which doubled a scrape's time.
        gc.collect()
        gc.freeze()
        host, port = server.server_address[:2]
        log.info("serving /metrics", extra={"address": str(host), "port": port})
        systemd.notify("READY=1")
        interval = systemd.watchdog_interval()
        while True:
            try:
                if signals.get(timeout=interval) != signal.SIGHUP:
                    break
                self.reload(server)
            except Empty:
                pass
            # After a reload, too: whoever reloads at each turn of a deployment must not starve the watchdog.
            if interval is not None and self.runner.responsive(SCRAPE_PATIENCE):
                systemd.notify("WATCHDOG=1")
        systemd.notify("STOPPING=1")
        server.shutdown()
        server.server_close()
        self.runner.stop()
        log.info("stopped")
        return Exit.FINE

    def _samples(self) -> list[Sample]:
        return self.runner.samples()  # of the runner of the moment: a reload puts another in its place

    def _page(self, path: str) -> Page | None:
        return self.runner.page(path)

    def reload(self, server: Server) -> None:
        """Read the settings again; with a fault in them everything stays as it is."""
        systemd.notify("RELOADING=1")
        try:
            settings = settings_of(self._arguments)
            access = access_of(settings, self._arguments.config)
            runner = make_runner(settings, file_of(self._arguments))
        except SettingsError as error:
            for fault in error.faults:
                log.warning("the settings were not reloaded", extra={"fault": str(fault)})
        else:
            if (settings.listen, settings.state) != (self._settings.listen, self._settings.state):
                log.warning("listen and state change at a restart only")
            self.runner.stop()
            runner.start()
            self.runner, self._settings = runner, settings
            server.admit(access, settings.tls)
            log.info("settings reloaded")
        systemd.notify("READY=1")


def run(arguments: argparse.Namespace) -> int:
    """Run the service until SIGTERM or SIGINT; SIGHUP reloads."""
    agent = Agent(arguments)
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: signals.put(number))
    return agent.serve(signals)
