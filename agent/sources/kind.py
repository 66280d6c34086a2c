"""What the agent knows of a kind of source: its table in the settings, its collector, its metrics, its commands.

A kind is a row: `SOURCE` in the folder of the source, listed in `agent.sources`. Everything else follows from it: the
settings file, check-config, once, init, the command line and docs/metrics.md. Modules are named as text and imported
where they are used, so that an agent loads only what its settings ask for.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from agent.runtime.collector import Clock
from agent.sources.media import Media
from service.metric import Metric


class Context(NamedTuple):
    """What a collector may need beside its own table."""

    file: Path  # the settings file, for faults
    state: Path  # the folder for what survives a restart
    clock: Clock
    media: Media  # where probes hand over what they receive, for the picture checks


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand of ott-agent that belongs to a source; its module has `add_arguments` and `run`."""

    name: str
    module: str
    text: str  # the help
    examples: tuple[str, ...]  # whole command lines, shown at the end of the help


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """One kind of source. A function is written "module:function"."""

    title: str
    table: str  # "certificate" is [[certificate]] in the file
    settings: type[Any]  # the frozen dataclass of one table
    key: str  # the setting that tells two tables apart
    metrics: tuple[Metric, ...]
    # One of the two: (settings, Context) -> Job or Source; or, for all tables at once,
    # (sequence of settings, limits, Context) -> list of Job and Source.
    collector: str = ""
    collectors: str = ""
    name: Callable[[Any], str] = field(default=attrgetter("service"))  # of a table, unique among those of its kind
    limits: type[Any] | None = None  # a table for all tables together; `check(tables)` raises ValueError
    limits_table: str = ""
    extra: str = "agent"  # what is to be installed for it
    keeps_state: bool = False  # whether it writes into the folder `state`
    not_once: str = ""  # why `ott-agent once` leaves it out
    notes: str = ""  # (settings) -> texts "key: note", what may be a mistake or be there later
    proposal: str = ""  # (agent.cli.init.Seen) -> lines of the file that `ott-agent init` proposes
    commands: tuple[Command, ...] = ()

    @property
    def package(self) -> str:
        """The source's folder, as Python names it."""
        return (self.collector or self.collectors).partition(":")[0].rpartition(".")[0]

    def __post_init__(self) -> None:
        if bool(self.collector) == bool(self.collectors):
            raise ValueError(f"the source {self.table} needs exactly one of collector and collectors")


def function(place: str) -> Callable[..., Any]:
    """Return the function that "module:function" names; its module is imported now."""
    module, _, name = place.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
