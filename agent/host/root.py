"""The node as the host collectors see it. Its root folder is an argument, so that a folder of fixtures replaces it."""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.host import sensors
from agent.host.cpu_times import CpuTimes
from agent.host.patience import Asker

# What a file of /proc or /sys is read by; the largest usual one, /proc/stat of a big machine, fits.
_PIECE = 1 << 17

# A file system that works answers from memory in microseconds.
_STATVFS_PATIENCE = 0.25
# A chip on a slow bus takes most of a second for a sensor, and has several.
_SENSORS_PATIENCE = 5.0

# What systemd within a container finds that it is in (its Container Interface).
_CONTAINER = "run/systemd/container"

# The defaults of Debian's node_exporter: kernel interfaces, images and what containers mount are no storage to watch.
EXCLUDED_DISKS = re.compile(r"^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$")
EXCLUDED_MOUNTS = re.compile(r"^/(dev|proc|run|sys|mnt|media|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)")
EXCLUDED_FILE_SYSTEMS = re.compile(
    r"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay"
    r"|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$"
)
EXCLUDED_INTERFACES = re.compile(r"^lo$")


def lines(text: str) -> list[str]:
    """Return the lines as the kernel ends them: `splitlines` would also break a name at its odder letters."""
    return text.removesuffix("\n").split("\n") if text else []


def number(column: str, where: str) -> float:
    """Return the number that a column of a kernel's file holds; raise ValueError naming the file."""
    try:
        return float(column)
    except ValueError:
        raise ValueError(
            f"{where}: {column[:40]!r} is not a number; this kernel writes the file in another form"
        ) from None


def integer(column: str, where: str, base: int = 10) -> int:
    """Return the whole number of at most 64 bits that a column holds; raise ValueError naming the file."""
    try:
        found = int(column, base)
    except ValueError:
        found = -1
    if not 0 <= found < 1 << 64:
        kind = "a whole number" if base == 10 else "a hexadecimal number"
        raise ValueError(f"{where}: {column[:40]!r} is not {kind}; this kernel writes the file in another form")
    return found


def _statvfs() -> Asker[os.statvfs_result]:
    return Asker("statvfs", os.statvfs, _STATVFS_PATIENCE)


def _sensors() -> Asker[dict[str, str]]:
    return Asker("hwmon", sensors.values, _SENSORS_PATIENCE)


@dataclass(frozen=True, slots=True)
class Host:
    """Where the figures are read, what is left out, and the calls that no file can stand in for."""

    root: Path = Path("/")
    excluded_disks: re.Pattern[str] = EXCLUDED_DISKS
    excluded_mounts: re.Pattern[str] = EXCLUDED_MOUNTS
    excluded_file_systems: re.Pattern[str] = EXCLUDED_FILE_SYSTEMS
    excluded_interfaces: re.Pattern[str] = EXCLUDED_INTERFACES
    clock: Callable[[], float] = time.time
    statvfs: Asker[os.statvfs_result] = field(default_factory=_statvfs)
    sensors: Asker[dict[str, str]] = field(default_factory=_sensors)
    cpu_times: CpuTimes = field(default_factory=CpuTimes)

    def text(self, path: str) -> str:
        """Return the text of a file below the root, such as "proc/stat"; raise OSError naming it.

        Names in it are bytes to the kernel: as in `os.listdir`, one that is no UTF-8 leads back to the same file.
        """
        descriptor = os.open(f"{self.root}/{path}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            pieces = [os.read(descriptor, _PIECE)]
            while pieces[-1]:
                pieces.append(os.read(descriptor, _PIECE))
        finally:
            os.close(descriptor)
        return b"".join(pieces).decode(errors="surrogateescape")

    def text_or_nothing(self, path: str) -> str:
        """Return the text of a file that not every kernel has: nothing where there is none."""
        try:
            return self.text(path)
        except FileNotFoundError:
            return ""

    def is_container(self) -> bool:
        """Whether this is a container such as LXC's, which sees the hardware of the node around it as its own."""
        try:
            self.text(_CONTAINER)
        except OSError:
            return False
        return True

    def network(self) -> str:
        """Return the folder of the node's network, that of process 1.

        /proc/net is the reader's own network: in a container that of the container, wherever the node's /proc is.
        """
        if self.root != Path("/"):
            try:
                os.stat(f"{self.root}/proc/1/net/dev")  # noqa: PTH116 - Path.stat costs twice as much a scrape
            except OSError:  # hidden from strangers by hidepid
                return "proc/net"
            return "proc/1/net"
        return "proc/net"

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a folder below the root."""
        return sorted(os.listdir(f"{self.root}/{path}"))  # noqa: PTH208 - iterdir costs three times as much a scrape

    def names_or_nothing(self, path: str) -> list[str]:
        """Return the sorted names in a folder that not every node has: none where there is no such folder."""
        try:
            return self.names(path)
        except FileNotFoundError:
            return []
