"""From settings to jobs: which collectors this node runs.

Modules of collectors that need a large library are imported only when the settings ask for them: a database's driver
alone would add a quarter to the memory of an agent that measures its host and a log.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from agent import host as host_folder
from agent.host.root import Host
from agent.runtime import credentials
from agent.runtime.absent import absent
from agent.runtime.collector import DEADLINE, Clock, Collector, Job, Source
from agent.settings import AgentSettings, ServerSettings, SubscribersSettings
from agent.sources.certificate.settings import CertificateSettings
from agent.sources.presets import load_preset
from agent.sources.subscribers.database import database
from service.settings import Fault, Secret, SettingsError

# Modules of `agent/host` that hold no collector, and collectors that run only where the settings name something.
HELPERS = frozenset({"catalogue", "cpu_times", "root", "statvfs"})
BY_SETTINGS = frozenset({"process", "systemd"})
# Starting systemctl and walking all processes cost more than the rest of the host together, so not at each scrape.
UNITS_INTERVAL = 10.0
PROCESSES_INTERVAL = 5.0


def host_collectors() -> list[Collector[Host, Any]]:
    """Return the collectors that every node runs, found by their module."""
    names = sorted(module.name for module in pkgutil.iter_modules(host_folder.__path__))
    return [_host_module(name).COLLECTOR for name in names if name not in HELPERS | BY_SETTINGS]


def jobs(settings: AgentSettings, file: Path) -> list[Job]:
    """Return every job the settings ask for; raise SettingsError with all that is wrong in presets and secrets."""
    found: list[Job] = []
    faults: list[Fault] = []
    collectors_ = host_collectors()
    known = [collector.name for collector in collectors_]
    for number, name in enumerate(settings.host.without, 1):
        if name not in known:
            faults.append(Fault(file, f"host.without[{number}]", f'"{name}" is none of {", ".join(known)}'))
    if settings.host.enabled:
        host = _host(settings)
        found += [collector.on(host) for collector in collectors_ if collector.name not in settings.host.without]
    for key, make in _makers(settings):
        try:
            found.append(make())
        except SettingsError as error:
            faults += [Fault(file, key, str(fault)) for fault in error.faults]
        except (OSError, ValueError) as error:
            faults.append(Fault(file, key, str(error)))
        except ModuleNotFoundError as error:
            faults.append(_missing(file, key, error))
    if faults:
        raise SettingsError(faults)
    return found


def _missing(file: Path, key: str, error: ModuleNotFoundError) -> Fault:
    return Fault(file, key, f"needs the extra “agent” ({error.name} is missing): pip install 'ottwatch[agent]'")


def _makers(settings: AgentSettings) -> Iterator[tuple[str, Callable[[], Job]]]:
    if settings.host.enabled and settings.host.units:
        yield "host.units", partial(_units, settings.host.units)
    if settings.host.enabled and settings.host.processes:
        yield "host.processes", partial(_processes, settings.host.processes)
    for number, server in enumerate(settings.server, 1):
        yield f"server[{number}]", partial(_server, server)
    for number, source in enumerate(settings.subscribers, 1):
        yield f"subscribers[{number}]", partial(_subscribers, source)
    for number, certificate in enumerate(settings.certificate, 1):
        yield f"certificate[{number}]", partial(_certificate, certificate)


def stream_sources(settings: AgentSettings, file: Path, clock: Clock) -> list[Source]:
    """Return the source that probes the channels, if there are any; raise SettingsError for an unreadable address."""
    if not settings.stream:
        return []
    try:
        with absent("click"):
            module = importlib.import_module("agent.sources.streams.source")
    except ModuleNotFoundError as error:
        raise SettingsError([_missing(file, "stream", error)]) from None
    faults, channels = [], []
    for number, stream in enumerate(settings.stream, 1):
        try:
            channels.append((stream, module.address(stream)))
        except (OSError, ValueError) as error:
            faults.append(Fault(file, f"stream[{number}].url", str(error)))
    if faults:
        raise SettingsError(faults)
    return [module.StreamSource(channels, settings.stream_budget, clock)]


def _host_module(name: str) -> Any:
    return importlib.import_module(f"agent.host.{name}")


def _source_module(name: str) -> Any:
    return importlib.import_module(f"agent.sources.{name}")


def _host(settings: AgentSettings) -> Host:
    host = settings.host
    return Host(
        host.root,
        excluded_disks=host.excluded_disks,
        excluded_mounts=host.excluded_mounts,
        excluded_file_systems=host.excluded_file_systems,
        excluded_interfaces=host.excluded_interfaces,
    )


def _units(names: list[str]) -> Job:
    module = _host_module("systemd")
    job: Job = module.COLLECTOR.on(module.Units(tuple(names), DEADLINE), interval=UNITS_INTERVAL)
    return job


def _processes(names: list[str]) -> Job:
    module = _host_module("process")
    job: Job = module.COLLECTOR.on(module.Watched(tuple(names)), interval=PROCESSES_INTERVAL)
    return job


def _server(settings: ServerSettings) -> Job:
    module = _source_module("server.collect")
    preset = load_preset(module.ServerPreset, "server", settings.preset)
    credentials.header(settings.basic, settings.token)  # read anew each time; one that is missing is told now
    job: Job = module.COLLECTOR.on(
        module.Server(settings, preset),
        name=f"server_{settings.label}",
        interval=settings.interval,
        deadline=settings.deadline,
    )
    return job


def _certificate(settings: CertificateSettings) -> Job:
    module = _source_module("certificate.collect")
    module.verifying(settings.authority)
    job: Job = module.COLLECTOR.on(
        settings, name=f"certificate_{settings.endpoint}", interval=settings.interval, deadline=settings.deadline
    )
    return job


def _subscribers(settings: SubscribersSettings) -> Job:
    if settings.database is None:
        module = _source_module("subscribers.http")
        credentials.header(settings.basic, settings.token)
        target = module.Api(settings.url, settings)
    else:
        module = _source_module("subscribers.collect")
        queries = module.Queries(settings.subscribers_query, settings.online_query)
        if settings.preset:
            queries = load_preset(module.Queries, "subscribers", settings.preset)
        url = settings.database.read() if isinstance(settings.database, Secret) else settings.database
        target = module.Middleware(settings.service, database(url, settings.deadline), queries, settings.online_within)
    job: Job = module.COLLECTOR.on(
        target,
        name=f"subscribers_{settings.service}",
        interval=settings.interval,
        deadline=settings.deadline,
    )
    return job
