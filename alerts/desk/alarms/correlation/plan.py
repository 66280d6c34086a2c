"""Reads topology.toml: every mistake at once, each with its line and the remedy."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from alerts.desk.alarms.correlation.topology import Element, Group, Link, Node, Plan, Topology
from service.settings import Fault, SettingsError
from service.toml import not_toml

KINDS = ("uplink", "power", "switch", "packager", "encoder", "cdn", "other")
_KEYS = {
    "site": {"name", "parent"},
    "element": {"name", "kind", "site"},
    "feeds": {"from", "to", "channels", "services"},
    "group": {"name", "members", "need"},
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def load(path: Path) -> Plan:
    """Return the plan of a file; raise SettingsError with every mistake in it."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path, "", f"cannot be read: {error}")]) from None
    return read(text, path)


def read(text: str, path: Path) -> Plan:
    """Return the plan of a text; raise SettingsError with every mistake in it."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([Fault(path, "", not_toml(error, text))]) from None
    reader = _Reader(text, path)
    reader.check_tables(tables)
    if reader.faults:
        raise SettingsError(reader.faults)
    plan = Plan(
        {site["name"]: site.get("parent", "") for site in tables.get("site", ())},
        tuple(Element(one["name"], one.get("kind", "other"), one.get("site", "")) for one in tables.get("element", ())),
        tuple(
            Link(one["from"], target, tuple(one.get("channels", ())), tuple(one.get("services", ())))
            for one in tables.get("feeds", ())
            for target in one["to"]
        ),
        tuple(Group(one["name"], tuple(one["members"]), one.get("need", 1)) for one in tables.get("group", ())),
    )
    circle = cycle(Topology(plan, ()))
    if circle:
        raise SettingsError([Fault(path, "feeds", f"go round in a circle: {' -> '.join(circle)}; remove one of them")])
    return plan


def cycle(topology: Topology) -> list[str]:
    """Return the things of a circle of links, from cause to effect and back; empty where there is none."""
    done: set[str] = set()
    for start in topology.places():
        path: list[str] = []
        pending = [(start, 0)]
        while pending:
            place, depth = pending.pop()
            del path[depth:]
            if place in path:
                return [*reversed([*path[path.index(place) :], place])]
            if place in done and place != start:
                continue
            path.append(place)
            done.add(place)
            pending += [(source, len(path)) for source in topology.sources(place)]
    return []


def unmatched(plan: Plan, nodes: Mapping[str, Node]) -> list[str]:
    """Return the names of the plan that match nothing, once the nodes are known."""
    topology = Topology(plan, nodes.values())
    known = {*nodes, *topology.elements, *topology.groups}
    names = [name for link in plan.feeds for name in (link.source, link.target)]
    names += [member for group in plan.groups for member in group.members]
    return sorted({name for name in names if not set(topology.resolve(name)) & known and not name.startswith("site:")})


class _Reader:
    """Collects the faults of one file."""

    def __init__(self, text: str, path: Path) -> None:
        self._lines = text.split("\n")
        self._path = path
        self.faults: list[Fault] = []

    def _line(self, table: str, number: int, key: str) -> int:
        """Return the line of a key in the n-th table of a name, or of the table itself."""
        header = re.compile(rf"\s*\[\[\s*{table}\s*\]\]")
        headers = [index for index, line in enumerate(self._lines) if header.match(line)]
        if number > len(headers):
            return 1
        begin = headers[number - 1]
        for index in range(begin + 1, len(self._lines)):
            if self._lines[index].lstrip().startswith("["):
                break
            if re.match(rf"\s*{re.escape(key)}\s*=", self._lines[index]):
                return index + 1
        return begin + 1

    def fault(self, table: str, number: int, key: str, sentence: str) -> None:
        """Add a mistake."""
        line = self._line(table, number, key)
        self.faults.append(Fault(self._path, f"line {line}: {table}[{number}].{key}".rstrip("."), sentence))

    def check_tables(self, tables: Mapping[str, Any]) -> None:
        """Look at everything."""
        for name, entries in tables.items():
            if name not in _KEYS:
                known = ", ".join(f"[[{table}]]" for table in _KEYS)
                self.faults.append(Fault(self._path, name, f"is unknown; the file has {known}"))
            elif not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                self.faults.append(Fault(self._path, name, f"must be written as [[{name}]]"))
        if self.faults:
            return
        for table, entry, number in _entries(tables):
            self._check_keys(table, entry, number)
        if not self.faults:
            self._check_names(tables)

    def _check_keys(self, table: str, entry: Mapping[str, Any], number: int) -> None:
        for key in sorted(entry.keys() - _KEYS[table]):
            self.fault(table, number, key, f"is unknown; a [[{table}]] has {', '.join(sorted(_KEYS[table]))}")
        needed = {"feeds": ("from", "to"), "group": ("name", "members")}.get(table, ("name",))
        for key in needed:
            if key not in entry:
                self.fault(table, number, key, "is missing")
        for key, value in entry.items():
            problem = _wrong(key, value)
            if problem:
                self.fault(table, number, key, f"{problem}, not {value!r}")
        if isinstance(entry.get("name"), str) and not _NAME.fullmatch(entry["name"]):
            self.fault(table, number, "name", f"{entry['name']!r} is no name; use letters, digits, . _ and -")
        if entry.get("kind", "other") not in KINDS:
            self.fault(table, number, "kind", f"{entry['kind']!r} is unknown; known: {', '.join(KINDS)}")

    def _check_names(self, tables: Mapping[str, Any]) -> None:
        sites = Counter(site["name"] for site in tables.get("site", ()))
        things = Counter(one["name"] for table in ("element", "group") for one in tables.get(table, ()))
        groups = {group["name"] for group in tables.get("group", ())}
        for table, entry, number in _entries(tables):
            name = entry.get("name", "")
            if (sites if table == "site" else things)[name] > 1:
                self.fault(table, number, "name", f"{name!r} is there twice; each name stands for one thing")
            for key in ("parent", "site"):
                if entry.get(key) and entry[key] not in sites:
                    self.fault(table, number, key, f"there is no site {entry[key]!r}; add a [[site]] of that name")
            if table == "group" and entry.get("need", 1) > len(set(entry["members"])):
                self.fault(table, number, "need", "is more than the group has members; it would always have failed")
            if table == "group" and groups & set(entry["members"]):
                self.fault(table, number, "members", "names a group; name its members")
            for one in [*([entry["from"], *entry["to"]] if table == "feeds" else [])]:
                if one.startswith("site:") and "*" not in one and one[5:] not in sites:
                    self.fault(table, number, "to" if one in entry["to"] else "from", f"there is no site {one[5:]!r}")


def _wrong(key: str, value: object) -> str:
    """Return what a value must be, empty where it is that."""
    if key == "need":
        return "" if type(value) is int and value > 0 else "must be a whole number of at least 1"
    if key in ("to", "channels", "services", "members"):
        fine = isinstance(value, list) and value and all(isinstance(one, str) and one for one in value)
        return "" if fine else 'must be a list of names such as ["edge-1"]'
    return "" if isinstance(value, str) and value else "must be a name in quotes"


def _entries(tables: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], int]]:
    for table in _KEYS:
        for number, entry in enumerate(tables.get(table, ()), 1):
            yield table, entry, number
