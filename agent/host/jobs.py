"""The jobs that measure the host: its collectors, found by their module, and those for what the settings name."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from agent import host as host_folder
from agent.host.root import Host
from agent.host.settings import HostSettings
from agent.runtime.collector import DEADLINE, Collector, Job
from service.settings import Fault

# Modules of this folder that hold no collector, and collectors that run only where the settings name something.
HELPERS = frozenset({"catalogue", "cpu_times", "jobs", "patience", "root", "sensors", "settings"})
BY_SETTINGS = frozenset({"process", "systemd"})
# What most nodes have nothing of: to find nothing costs next to nothing, figures of such a collector would cost more.
OPTIONAL = frozenset({"bonding", "edac", "hwmon", "mdadm", "zfs", "zpool"})
# Starting systemctl and walking all processes cost more than the rest of the host together, so not at each scrape.
UNITS_INTERVAL = 10.0
PROCESSES_INTERVAL = 5.0
# A chip takes its time over its sensors: seconds where it is a controller on a slow bus, and there may be many.
SENSORS_INTERVAL, SENSORS_DEADLINE = 30.0, 25.0


def host_collectors() -> list[Collector[Host, Any]]:
    """Return the collectors that every node runs."""
    names = sorted(module.name for module in pkgutil.iter_modules(host_folder.__path__))
    return [_module(name).COLLECTOR for name in names if name not in HELPERS | BY_SETTINGS]


def jobs(settings: HostSettings) -> list[Job]:
    """Return the jobs that every node runs, without those switched off."""
    if not settings.enabled:
        return []
    host = _host(settings)
    return [_job(collector, host) for collector in host_collectors() if collector.name not in settings.without]


def _job(collector: Collector[Host, Any], host: Host) -> Job:
    slow = collector.name == "hwmon"
    job = collector.on(host, interval=SENSORS_INTERVAL, deadline=SENSORS_DEADLINE) if slow else collector.on(host)
    return replace(job, optional=collector.name in OPTIONAL)


def faults(settings: HostSettings, file: Path) -> Iterator[Fault]:
    """Yield a fault for each collector switched off that there is none of."""
    known = [collector.name for collector in host_collectors()]
    for number, name in enumerate(settings.without, 1):
        if name not in known:
            yield Fault(file, f"host.without[{number}]", f'"{name}" is none of {", ".join(known)}')


def makers(settings: HostSettings) -> Iterator[tuple[str, Callable[[], Job]]]:
    """Yield the key and the maker of each job for what the settings name."""
    if settings.enabled and settings.units:
        yield "host.units", partial(_units, settings.units)
    if settings.enabled and settings.processes:
        yield "host.processes", partial(_processes, settings.processes)


def _module(name: str) -> Any:
    return importlib.import_module(f"agent.host.{name}")


def _host(host: HostSettings) -> Host:
    return Host(
        host.root,
        excluded_disks=host.excluded_disks,
        excluded_mounts=host.excluded_mounts,
        excluded_file_systems=host.excluded_file_systems,
        excluded_interfaces=host.excluded_interfaces,
    )


def _units(names: list[str]) -> Job:
    module = _module("systemd")
    job: Job = module.COLLECTOR.on(module.Units(tuple(names), DEADLINE), interval=UNITS_INTERVAL)
    return job


def _processes(names: list[str]) -> Job:
    module = _module("process")
    job: Job = module.COLLECTOR.on(module.Watched(tuple(names)), interval=PROCESSES_INTERVAL)
    return job
