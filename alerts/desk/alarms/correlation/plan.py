"""Reads topology.toml: every mistake at once, each with its line and the remedy."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cattrs import Converter, override
from cattrs.gen import make_dict_structure_fn

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


@dataclass(frozen=True, slots=True)
class _Site:
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class _Feeds:
    source: str  # "from" in the file
    to: tuple[str, ...]
    channels: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Tables:
    """The file, once every key in it is known and of its type."""

    site: tuple[_Site, ...] = ()
    element: tuple[Element, ...] = ()
    feeds: tuple[_Feeds, ...] = ()
    group: tuple[Group, ...] = ()


_converter = Converter()
_converter.register_structure_hook(_Feeds, make_dict_structure_fn(_Feeds, _converter, source=override(rename="from")))


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
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([Fault(path, "", not_toml(error, text))]) from None
    reader = _Reader(text, path)
    tables = reader.tables(raw)
    if reader.faults:
        raise SettingsError(reader.faults)
    plan = Plan(
        {site.name: site.parent for site in tables.site},
        tables.element,
        tuple(
            Link(feeds.source, target, feeds.channels, feeds.services) for feeds in tables.feeds for target in feeds.to
        ),
        tables.group,
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

    def tables(self, raw: Mapping[str, object]) -> _Tables:
        """Return the tables of the file; whatever does not fit is a fault instead."""
        for name, entries in raw.items():
            if name not in _KEYS:
                known = ", ".join(f"[[{table}]]" for table in _KEYS)
                self.faults.append(Fault(self._path, name, f"is unknown; the file has {known}"))
            elif not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                self.faults.append(Fault(self._path, name, f"must be written as [[{name}]]"))
        for table in _KEYS if not self.faults else ():
            entries = raw.get(table)
            for number, entry in enumerate(entries if isinstance(entries, list) else (), 1):
                self._check_keys(table, entry, number)
        if self.faults:
            return _Tables()
        result = _converter.structure(raw, _Tables)
        self._check_names(result)
        return result

    def _check_keys(self, table: str, entry: Mapping[str, object], number: int) -> None:
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
        name, kind = entry.get("name"), entry.get("kind", "other")
        if isinstance(name, str) and not _NAME.fullmatch(name):
            self.fault(table, number, "name", f"{name!r} is no name; use letters, digits, . _ and -")
        if kind not in KINDS:
            self.fault(table, number, "kind", f"{kind!r} is unknown; known: {', '.join(KINDS)}")

    def _check_names(self, tables: _Tables) -> None:
        sites = Counter(site.name for site in tables.site)
        things = Counter([*(one.name for one in tables.element), *(one.name for one in tables.group)])
        for number, site in enumerate(tables.site, 1):
            self._check_name("site", number, site.name, sites)
            self._check_site("site", number, "parent", site.parent, sites)
        for number, element in enumerate(tables.element, 1):
            self._check_name("element", number, element.name, things)
            self._check_site("element", number, "site", element.site, sites)
        for number, feeds in enumerate(tables.feeds, 1):
            for one in (feeds.source, *feeds.to):
                if one.startswith("site:") and "*" not in one and one[5:] not in sites:
                    key = "to" if one in feeds.to else "from"
                    self.fault("feeds", number, key, f"there is no site {one[5:]!r}")
        groups = {group.name for group in tables.group}
        for number, group in enumerate(tables.group, 1):
            self._check_name("group", number, group.name, things)
            if group.need > len({*group.members}):
                self.fault("group", number, "need", "is more than the group has members; it would always have failed")
            if groups & {*group.members}:
                self.fault("group", number, "members", "names a group; name its members")

    def _check_name(self, table: str, number: int, name: str, known: Counter[str]) -> None:
        if known[name] > 1:
            self.fault(table, number, "name", f"{name!r} is there twice; each name stands for one thing")

    def _check_site(self, table: str, number: int, key: str, name: str, known: Counter[str]) -> None:
        if name and name not in known:
            self.fault(table, number, key, f"there is no site {name!r}; add a [[site]] of that name")


def _wrong(key: str, value: object) -> str:
    """Return what a value must be, empty where it is that."""
    if key == "need":
        return "" if type(value) is int and value > 0 else "must be a whole number of at least 1"
    if key in ("to", "channels", "services", "members"):
        fine = isinstance(value, list) and value and all(isinstance(one, str) and one for one in value)
        return "" if fine else 'must be a list of names such as ["edge-1"]'
    return "" if isinstance(value, str) and value else "must be a name in quotes"
