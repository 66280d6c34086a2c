"""`ott-agent check-config`: every fault of the settings file, without starting."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from agent.cli import state
from agent.cli.access import access_of
from agent.cli.collectors import collectors
from agent.cli.configuration import add_arguments, file_of, settings_of
from agent.settings import AgentSettings
from agent.sources.kind import function
from service.program import Exit
from service.settings import Fault, SettingsError

__all__ = ["add_arguments", "run"]


def run(arguments: argparse.Namespace) -> int:
    """Say what the settings make the agent do."""
    settings = settings_of(arguments)
    file = file_of(arguments)
    names: list[str] = []
    faults: list[Fault] = []
    with _gathered(faults):
        names += [made.name for made in collectors(settings, file, time.time)]
    with _gathered(faults):
        access_of(settings, arguments.config)
    with _gathered(faults):
        state.check(settings, file)
    if faults:
        raise SettingsError(faults)
    for note in _notes(settings):
        print(f"{file}: {note}", file=sys.stderr)
    print(f"fine: /metrics on {settings.listen}; collectors: {', '.join(sorted(names))}")
    return Exit.FINE


def _notes(settings: AgentSettings) -> Iterator[str]:
    """Yield what may well be a mistake, but may as well be there later: it keeps no agent from starting."""
    for kind in settings.kinds:
        for number, table in enumerate(settings.of(kind.table) if kind.notes else (), 1):
            for note in function(kind.notes)(table):
                yield f"{kind.table}[{number}].{note}"


@contextmanager
def _gathered(faults: list[Fault]) -> Iterator[None]:
    """Keep the faults of what is done within, so that the next check runs all the same."""
    try:
        yield
    except SettingsError as error:
        faults += error.faults
