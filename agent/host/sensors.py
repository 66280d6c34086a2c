"""Read the sensors of one chip of /sys/class/hwmon. A driver may ask its chip for each of them, and be slow at it."""

import os
import re

# What is read of a chip: no more than is told, since each file may be a transaction on a bus.
FILES = re.compile(
    r"temp\d+_(input|crit|crit_alarm|alarm|fault|label)|fan\d+_(input|alarm|fault|label)|(in|curr|power)\d+_(alarm|label)"
)
_MOST = 4096  # a file of sysfs is a page at most


def values(folder: str) -> dict[str, str]:
    """Return what each file says; a sensor that cannot be read (EIO, ENODATA, EAGAIN) is left out.

    Drivers of old have the files in the folder of the device.
    """
    for place in (folder, f"{folder}/device"):
        try:
            names = [name for name in os.listdir(place) if FILES.fullmatch(name)]  # noqa: PTH208 - as in Host.names
        except FileNotFoundError:
            continue
        if names:
            return {name: text for name in names if (text := _text(f"{place}/{name}"))}
    return {}


def _text(file: str) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, _MOST).decode(errors="replace").strip()
        finally:
            os.close(descriptor)
    except OSError:
        return ""
