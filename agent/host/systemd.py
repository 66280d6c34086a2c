"""State of the systemd units that the settings name, from `systemctl show`.

A unit and its alias are one unit, exported once under the unit's own name. A unit that does not exist is reported
`inactive` by systemd; it fails the collection here instead, because a name with a typing mistake must not read like a
service that somebody stopped. As in node_exporter, a unit that is not active has the start time 0.

Moments are asked for as systemd of every age writes them, in UTC: `--timestamp=unix` is not known before 251, which
Debian 11 and Ubuntu 22.04 do not have.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import number
from agent.runtime import command
from agent.runtime.collector import Collector
from service.metric import Sample

STATES = ("active", "activating", "deactivating", "failed", "inactive")
PROPERTIES = ("Id", "LoadState", "ActiveState", "Type", "NRestarts", "ActiveEnterTimestamp")
IN_UTC = {"TZ": "UTC", "LC_ALL": "C"}
_MOMENT = re.compile(r"[A-Z][a-z]{2} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


class Units(NamedTuple):
    """What is asked."""

    names: tuple[str, ...]
    deadline: float


def read(units: Units) -> str:
    asked = ["systemctl", "show", f"--property={','.join(PROPERTIES)}", "--", *units.names]
    return command.output(asked, units.deadline, environment=IN_UTC)


def parse(shown: str) -> Iterator[Sample]:
    """Yield each unit's state, start and restarts."""
    blocks = [block for block in shown.split("\n\n") if block.strip()]
    if not blocks:
        raise ValueError("systemctl showed no unit")
    shown_before: set[str] = set()
    for block in blocks:
        unit = dict(line.partition("=")[::2] for line in block.splitlines() if "=" in line)
        name, state = unit.get("Id", ""), unit.get("ActiveState", "")
        if unit.get("LoadState") == "not-found":
            raise ValueError(f"there is no unit {name}")
        if not name or not state:
            raise ValueError(f"systemctl: {block[:80]!r} has no Id or no ActiveState")
        if name in shown_before:
            continue
        shown_before.add(name)
        # States newer than this list (reloading, maintenance, refreshing) are none of these five: all are 0 then.
        for possible in STATES:
            yield catalogue.UNIT_STATE.sample(float(state == possible), name, possible, unit.get("Type", ""))
        if unit.get("NRestarts"):
            yield catalogue.UNIT_RESTARTS.sample(number(unit["NRestarts"], f"systemctl, NRestarts of {name}"), name)
        since = unit.get("ActiveEnterTimestamp", "")
        if state != "active":
            yield catalogue.UNIT_START_TIME.sample(0.0, name)
        elif since:
            yield catalogue.UNIT_START_TIME.sample(moment(since, name), name)


def moment(text: str, name: str) -> float:
    """Return the Unix seconds of a moment as systemd writes it, "Sat 2021-12-11 14:25:57 UTC" or "@1639232757"."""
    if text.startswith("@"):
        return number(text[1:], f"systemctl, ActiveEnterTimestamp of {name}")
    found = _MOMENT.fullmatch(text)
    try:
        return datetime.fromisoformat(f"{found[1]}+00:00" if found else "").timestamp()
    except ValueError:
        raise ValueError(f"systemctl, ActiveEnterTimestamp of {name}: {text[:40]!r} is no moment in UTC") from None


COLLECTOR = Collector(
    "systemd", read, parse, (catalogue.UNIT_STATE, catalogue.UNIT_RESTARTS, catalogue.UNIT_START_TIME)
)
