"""ott-agent: measures this node and serves the figures to Prometheus."""

import argparse
import gc
import glob
import importlib
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from agent.runtime import allocator, jobs, state
from agent.runtime.collector import Runner, Source
from agent.runtime.exposition import registry, text
from agent.runtime.server import Access, Server, tls_context
from agent.settings import AgentSettings, Tls, converter, parse_address
from agent.sources.edge_log.source import EdgeLogSource
from service import program, systemd
from service.metric import Sample
from service.program import Exit
from service.settings import Fault, SettingsError, load

log = logging.getLogger("agent")

# Commands with a module of their own, which a service that runs for months need not carry.
APART = {"replay": "agent.sources.edge_log.replay", "init": "agent.cli.init", "top": "agent.cli.top"}

# How long the watchdog waits for a scrape under way before it lets systemd restart the agent.
SCRAPE_PATIENCE = 5.0


def main() -> int:
    """Parse the command line and run the command."""
    parser = program.parser("ott-agent", __doc__ or "")
    commands = program.subcommands(
        parser,
        [
            ("serve", "collect and serve /metrics until told to stop"),
            ("once", "collect once and print the figures; exit status 1 when a collector failed"),
            ("check-config", "check the settings file without starting"),
            ("replay", "count sessions, viewers and traffic in access logs"),
            ("init", "propose a settings file after a look at what runs on this node"),
            ("top", "show the running agent's figures live in the terminal"),
        ],
    )
    for name, module in APART.items():
        command = commands.pop(name)
        if name in sys.argv:
            importlib.import_module(module).add_arguments(command)
    for command in commands.values():
        command.add_argument("--config", type=Path, metavar="F", help="the settings file; without one: host only")
    arguments = parser.parse_args()
    run = {"serve": serve, "once": once, "check-config": check_config}.get(arguments.command)
    try:
        run = run or importlib.import_module(APART[arguments.command]).run
        return program.run(run, arguments)
    except ModuleNotFoundError as error:
        return program.missing_extra("ott-agent", "agent", error)


def settings_of(arguments: argparse.Namespace) -> AgentSettings:
    """Return the settings the command line names; raise SettingsError."""
    return AgentSettings() if arguments.config is None else load(arguments.config, AgentSettings, converter())


def make_runner(settings: AgentSettings, file: Path | None) -> Runner:
    """Return the runner of everything the settings ask for, not yet started; raise SettingsError."""
    state.prepare(settings, file or Path("(defaults)"))
    sources: list[Source] = [EdgeLogSource(log_, settings.state, time.time) for log_ in settings.edge_log]
    sources += jobs.stream_sources(settings, file or Path("(defaults)"), time.time)
    return Runner(jobs.jobs(settings, file or Path("(defaults)")), sources)


@contextmanager
def _gathered(faults: list[Fault]) -> Iterator[None]:
    """Keep the faults of what is done within, so that the next check runs all the same."""
    try:
        yield
    except SettingsError as error:
        faults += error.faults


def check_config(arguments: argparse.Namespace) -> int:
    """Say what the settings make the agent do."""
    settings = settings_of(arguments)
    file = arguments.config or Path("(defaults)")
    names: list[str] = []
    faults: list[Fault] = []
    with _gathered(faults):
        names += [job.name for job in jobs.jobs(settings, file)]
    with _gathered(faults):
        names += [source.name for source in jobs.stream_sources(settings, file, time.time)]
    with _gathered(faults):
        access_of(settings, arguments.config)
    with _gathered(faults):
        state.check(settings, file)
    if faults:
        raise SettingsError(faults)
    names += [f"edge_log_{log_.service}" for log_ in settings.edge_log]
    for note in _notes(settings):
        print(f"{file}: {note}", file=sys.stderr)
    print(f"fine: /metrics on {settings.listen}; collectors: {', '.join(sorted(names))}")
    return Exit.FINE


def _notes(settings: AgentSettings) -> Iterator[str]:
    """Yield what may well be a mistake, but may as well be there later: it keeps no agent from starting."""
    for number, log_ in enumerate(settings.edge_log, 1):
        for path in log_.paths:
            found = glob.glob(path)  # noqa: PTH207 - an absolute pattern
            if not found:
                yield f"edge_log[{number}].paths: note: there is no {path} yet"
            for unreadable in (file for file in found if not os.access(file, os.R_OK)):
                yield f"edge_log[{number}].paths: note: this account may not read {unreadable}"
    for number, server in enumerate(settings.server, 1):
        if server.command and shutil.which(server.command[0]) is None:
            yield f"server[{number}].command: note: there is no program {server.command[0]} here"


def once(arguments: argparse.Namespace) -> int:
    """Print one scrape. Logs are left to a running agent: following one would move its stored position."""
    settings = settings_of(arguments)
    runner = Runner(jobs.jobs(settings, arguments.config or Path("(defaults)")))
    runner.run_all()
    sys.stdout.write(text(registry(runner.samples)).decode())
    if settings.edge_log:
        log.warning("access logs are not part of “once”; “ott-agent replay” counts them")
    if settings.stream:
        log.warning("channels are not part of “once”: a look at one is not yet a probe")
    return Exit.FAILED if runner.failures() else Exit.FINE


def access_of(settings: AgentSettings, file: Path | None) -> Access:
    """Return who may read /metrics, and check the certificates; raise SettingsError."""
    faults = []
    access = Access(frozenset())
    auth = settings.auth
    secrets = {
        "auth.token": auth.token if auth else None,
        "auth.basic.password": auth.basic.password if auth and auth.basic else None,
    }
    for key, secret in secrets.items():
        try:
            if secret is not None:
                secret.read()
        except (OSError, ValueError) as error:
            faults.append(Fault(file or Path(), key, str(error)))
    if not faults:
        access = Access.of(auth)
    if settings.tls is not None:
        faults += _tls_faults(settings.tls, file or Path())
    if faults:
        raise SettingsError(faults)
    return access


def _tls_faults(tls: Tls, file: Path) -> list[Fault]:
    faults = []
    for key, path in (("certificate", tls.certificate), ("key", tls.key), ("client_ca", tls.client_ca)):
        try:
            if path is not None:
                path.open("rb").close()
        except OSError as error:  # OpenSSL names no file
            faults.append(Fault(file, f"tls.{key}", f"{path} cannot be read: {error.strerror}"))
    if not faults:
        try:
            tls_context(tls)
        except (OSError, ValueError) as error:  # SSLError is an OSError
            faults.append(Fault(file, "tls", f"certificate, key or client_ca cannot be used: {error}"))
    return faults


class Agent:
    """The running service; `reload` swaps what is collected while the server goes on."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._settings = settings_of(arguments)
        self._access = access_of(self._settings, arguments.config)
        self.runner = make_runner(self._settings, arguments.config)

    def serve(self, signals: "SimpleQueue[int]") -> int:
        """Serve until a signal other than SIGHUP comes; reload at SIGHUP."""
        settings = self._settings
        try:
            server = Server(
                parse_address(settings.listen),
                registry(self._samples),
                ready=lambda: self.runner.ready,
                access=self._access,
                tls=settings.tls,
            )
        except OSError as error:
            problem = f"{settings.listen}: {error.strerror}; choose another"
            raise SettingsError([Fault(self._arguments.config or Path(), "listen", problem)]) from None
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

    def reload(self, server: Server) -> None:
        """Read the settings again; with a fault in them everything stays as it is."""
        systemd.notify("RELOADING=1")
        try:
            settings = settings_of(self._arguments)
            access = access_of(settings, self._arguments.config)
            runner = make_runner(settings, self._arguments.config)
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


def serve(arguments: argparse.Namespace) -> int:
    """Run the service until SIGTERM or SIGINT; SIGHUP reloads."""
    allocator.begin_again_with_settings()
    agent = Agent(arguments)
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: signals.put(number))
    return agent.serve(signals)


if __name__ == "__main__":
    sys.exit(main())
