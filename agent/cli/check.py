"""`ott-agent check-config`: every fault of the settings file, without starting."""

import argparse
import glob
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.cli.access import access_of
from agent.cli.configuration import add_arguments, settings_of
from agent.runtime import jobs, state
from agent.settings import AgentSettings
from service.program import Exit
from service.settings import Fault, SettingsError

__all__ = ["add_arguments", "run"]


def run(arguments: argparse.Namespace) -> int:
    """Say what the settings make the agent do."""
    settings = settings_of(arguments)
    file = arguments.config or Path("(defaults)")
    names: list[str] = []
    faults: list[Fault] = []
    with _gathered(faults):
        names += [job.name for job in jobs.jobs(settings, file)]
    with _gathered(faults):
        names += [source.name for source in jobs.stream_sources(settings, file, time.time)]
    with _gathered(faults):
        access_of(settings, arguments.config)
    with _gathered(faults):
        state.check(settings, file)
    if faults:
        raise SettingsError(faults)
    names += [f"edge_log_{log_.service}" for log_ in settings.edge_log]
    for note in _notes(settings):
        print(f"{file}: {note}", file=sys.stderr)
    print(f"fine: /metrics on {settings.listen}; collectors: {', '.join(sorted(names))}")
    return Exit.FINE


def _notes(settings: AgentSettings) -> Iterator[str]:
    """Yield what may well be a mistake, but may as well be there later: it keeps no agent from starting."""
    for number, log_ in enumerate(settings.edge_log, 1):
        for path in log_.paths:
            found = glob.glob(path)  # noqa: PTH207 - an absolute pattern
            if not found:
                yield f"edge_log[{number}].paths: note: there is no {path} yet"
            for unreadable in (file for file in found if not os.access(file, os.R_OK)):
                yield f"edge_log[{number}].paths: note: this account may not read {unreadable}"
    for number, server in enumerate(settings.server, 1):
        if server.command and shutil.which(server.command[0]) is None:
            yield f"server[{number}].command: note: there is no program {server.command[0]} here"


@contextmanager
def _gathered(faults: list[Fault]) -> Iterator[None]:
    """Keep the faults of what is done within, so that the next check runs all the same."""
    try:
        yield
    except SettingsError as error:
        faults += error.faults
