"""Temperatures, fans and alarms that the chips of the machine measure, from /sys/class/hwmon.

Some drivers wait for a controller for seconds: this is read on a schedule of its own, and a chip that does not answer
keeps nobody waiting. A node without sensors, as most virtual machines are, has no such figures; in a container of LXC
the chips are those of the node around it, and left out.

Disks are not asked for their temperature. Each question is a command to the disk: it can keep one from going to sleep
(drivetemp), fill the error log of another, and on a cloud's disks hold up everything for seconds (nvme).
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host, number
from agent.runtime.collector import Collector
from service.metric import Sample

FOLDER = "sys/class/hwmon"
DISKS = frozenset({"drivetemp", "nvme"})

# A limit below is of no part that gets hot, or was never set (0, -273); 127 is what an open input reads.
LOWEST_LIMIT, NOT_CONNECTED = 50.0, 127.0

_SENSOR = re.compile(r"([a-z]+\d+)_(\w+)")
_UNNAMEABLE = re.compile(r"[^a-z0-9:_]")


class Chip(NamedTuple):
    """One chip: what tells it from the others, its driver's name for it, and what its files say."""

    label: str
    name: str
    values: dict[str, str]


def read(host: Host) -> list[Chip]:
    names = {entry: name for entry in host.names_or_nothing(FOLDER) if (name := _name(host, entry)) not in DISKS}
    if not names or host.is_container():
        return []
    places = {entry: f"{host.root}/{FOLDER}/{entry}" for entry in names}
    answers = host.sensors(places.values())
    return [
        Chip(label, _clean(names[entry]), values)
        for entry, label in _labels(host, names).items()
        if isinstance(values := answers[places[entry]], dict)
    ]


def _name(host: Host, entry: str) -> str:
    for file in ("name", "device/name"):
        try:
            return host.text(f"{FOLDER}/{entry}/{file}").strip()
        except OSError:
            continue
    return ""


def _labels(host: Host, names: dict[str, str]) -> dict[str, str]:
    """Return the label of each chip: its place on the bus, which unlike its number stays, and what tells two apart."""
    places = {entry: _place(host, entry) or _clean(name) or entry for entry, name in names.items()}
    shared, alike = Counter(places.values()), Counter((places[entry], name) for entry, name in names.items())
    labels = {}
    for entry, place in places.items():
        if shared[place] > 1:
            told = _clean(names[entry]) if alike[place, names[entry]] == 1 else ""
            labels[entry] = f"{place}_{told or entry}"
        else:
            labels[entry] = place
    return labels


def _place(host: Host, entry: str) -> str:
    try:
        device = os.path.realpath(f"{host.root}/{FOLDER}/{entry}/device", strict=True)
    except OSError:
        return ""
    return "_".join(part for part in map(_clean, device.split("/")[-2:]) if part)


def _clean(name: str) -> str:
    return _UNNAMEABLE.sub("_", name.lower()).strip("_")


def parse(chips: list[Chip]) -> Iterator[Sample]:
    """Yield what each chip measured."""
    for label, name, values in chips:
        measured: dict[tuple[str, str], float] = {}
        if name:
            yield catalogue.HWMON_CHIP.sample(1.0, label, name)
        for file, text in sorted(values.items()):
            found = _SENSOR.fullmatch(file)
            if found is None:
                continue
            sensor, what = found.groups()
            if what == "label":
                yield catalogue.HWMON_LABEL.sample(1.0, label, sensor, text)
                continue
            metric, factor = catalogue.HWMON[sensor.rstrip("0123456789"), what]
            value = measured[sensor, what] = number(text, f"/{FOLDER}: {label}, {file}") * factor
            yield metric.sample(value, label, sensor)
        if margins := list(_margins(measured)):
            yield catalogue.HWMON_MARGIN.sample(min(margins), label)


def _margins(measured: dict[tuple[str, str], float]) -> Iterator[float]:
    """Yield how far each temperature is below its critical limit."""
    for (sensor, what), limit in measured.items():
        temperature = measured.get((sensor, "input"), NOT_CONNECTED)
        if what == "crit" and limit >= LOWEST_LIMIT and temperature < NOT_CONNECTED:
            yield limit - temperature


COLLECTOR = Collector(
    "hwmon",
    read,
    parse,
    (
        catalogue.HWMON_CHIP,
        catalogue.HWMON_LABEL,
        catalogue.HWMON_MARGIN,
        *(metric for metric, _ in catalogue.HWMON.values()),
    ),
)
