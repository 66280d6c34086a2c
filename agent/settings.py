"""The agent's settings file: its general part, and a table for each kind of source of `agent.sources`.

Without a file the agent measures its host and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cattrs import ClassValidationError, Converter

from agent.host.settings import HostSettings
from agent.runtime.settings import Auth, Tls
from agent.sources import SOURCES
from agent.sources.kind import SourceKind
from service.nodes import PORT
from service.setting_types import ListenAddress, add_types
from service.settings import make_converter


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The whole file."""

    listen: ListenAddress = field(default=ListenAddress(f"127.0.0.1:{PORT}"))
    state: Path = Path("/var/lib/ottwatch")
    tls: Tls | None = None
    auth: Auth | None = None
    host: HostSettings = field(default_factory=HostSettings)
    tables: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # of the sources, by SourceKind.table
    limits: Mapping[str, Any] = field(default_factory=dict)  # by SourceKind.limits_table
    kinds: tuple[SourceKind, ...] = SOURCES

    def __post_init__(self) -> None:
        for kind in self.kinds:
            names = [kind.name(table) for table in self.of(kind.table)]
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(f'two [[{kind.table}]] are called "{repeated[0]}"; give each its own {kind.key}')
            if kind.limits is not None:
                self.limits_of(kind).check(self.of(kind.table))

    def of(self, table: str) -> Sequence[Any]:
        """Return the tables `[[table]]`, in the order of the file."""
        return self.tables.get(table, [])

    def limits_of(self, kind: SourceKind) -> Any:
        """Return the table of limits that all tables of a kind share, or None where the kind has no such table."""
        if kind.limits is None:
            return None
        return self.limits.get(kind.limits_table) or kind.limits()


GENERAL = ("listen", "state", "tls", "auth", "host")


def file_type(kinds: Iterable[SourceKind] = SOURCES) -> type:
    """Return the dataclass of the file as it is written: general settings and the sources' tables side by side."""
    listed: list[Any] = [
        (one.name, one.type, field(default_factory=partial(getattr, AgentSettings(), one.name)))
        for one in fields(AgentSettings)
        if one.name in GENERAL
    ]
    for kind in kinds:
        listed.append((kind.table, list[kind.settings], field(default_factory=list)))  # type: ignore[name-defined]
        if kind.limits is not None:
            listed.append((kind.limits_table, kind.limits, field(default_factory=kind.limits)))
    return make_dataclass("AgentFile", listed, frozen=True)


def converter(kinds: tuple[SourceKind, ...] = SOURCES) -> Converter:
    """Return the settings converter with what only the agent's file has."""
    result = make_converter()
    add_types(result, PORT)
    written = file_type(kinds)

    def agent_settings(value: Any, _: Any) -> AgentSettings:
        file: Any = result.structure(value, written)
        try:
            return AgentSettings(
                **{name: getattr(file, name) for name in GENERAL},
                tables={kind.table: getattr(file, kind.table) for kind in kinds},
                limits={kind.limits_table: getattr(file, kind.limits_table) for kind in kinds if kind.limits},
                kinds=kinds,
            )
        except ValueError as error:
            raise ClassValidationError("settings", [error], written) from None

    result.register_structure_hook(AgentSettings, agent_settings)
    return result
