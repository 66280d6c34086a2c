"""What the commands share: the settings that the command line names, and the runner of all they ask for."""

import argparse
import time
from pathlib import Path

from agent.runtime import jobs, state
from agent.runtime.collector import Runner, Source
from agent.settings import AgentSettings, converter
from agent.sources.edge_log.source import EdgeLogSource
from service.settings import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the argument that names the settings file."""
    parser.add_argument("--config", type=Path, metavar="F", help="the settings file; without one: host only")


def settings_of(arguments: argparse.Namespace) -> AgentSettings:
    """Return the settings the command line names; raise SettingsError."""
    return AgentSettings() if arguments.config is None else load(arguments.config, AgentSettings, converter())


def make_runner(settings: AgentSettings, file: Path | None) -> Runner:
    """Return the runner of everything the settings ask for, not yet started; raise SettingsError."""
    state.prepare(settings, file or Path("(defaults)"))
    sources: list[Source] = [EdgeLogSource(log_, settings.state, time.time) for log_ in settings.edge_log]
    sources += jobs.stream_sources(settings, file or Path("(defaults)"), time.time)
    return Runner(jobs.jobs(settings, file or Path("(defaults)")), sources)
