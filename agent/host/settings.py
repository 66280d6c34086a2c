"""The table `[host]` of the agent's settings."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from agent.host import root as defaults


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What is measured of the node itself, under node_exporter's names."""

    enabled: bool = True  # false where node_exporter stays
    root: Path = Path("/")  # where the node's file systems are mounted, for an agent in a container
    without: list[str] = field(default_factory=list)  # collectors switched off, such as "pressure"
    units: list[str] = field(default_factory=list)  # systemd units watched by name, such as "nginx.service"
    processes: list[str] = field(default_factory=list)  # processes watched by name, such as "nginx"
    excluded_disks: re.Pattern[str] = defaults.EXCLUDED_DISKS
    excluded_mounts: re.Pattern[str] = defaults.EXCLUDED_MOUNTS
    excluded_file_systems: re.Pattern[str] = defaults.EXCLUDED_FILE_SYSTEMS
    excluded_interfaces: re.Pattern[str] = defaults.EXCLUDED_INTERFACES

    def __post_init__(self) -> None:
        faults = [
            f'units: "{unit}" has no type; write for example "{unit}.service"' for unit in self.units if "." not in unit
        ]
        if self.root != Path("/") and (self.units or self.processes):
            faults.append("units and processes are those of the system the agent runs in; leave root at /")
        if faults:
            raise ExceptionGroup("host", [ValueError(fault) for fault in faults])
