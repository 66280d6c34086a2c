"""What the commands share: the settings that the command line names, and the runner of all they ask for."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from agent.cli import state
from agent.cli.collectors import Made, collectors
from agent.runtime.collector import Job, Runner
from agent.settings import AgentSettings, converter
from service.settings import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the argument that names the settings file."""
    parser.add_argument("--config", type=Path, metavar="F", help="the settings file; without one: host only")


def file_of(arguments: argparse.Namespace) -> Path:
    """Return the settings file, or what stands for it in messages."""
    return arguments.config or Path("(defaults)")


def settings_of(arguments: argparse.Namespace) -> AgentSettings:
    """Return the settings the command line names; raise SettingsError."""
    return AgentSettings() if arguments.config is None else load(arguments.config, AgentSettings, converter())


def make_runner(settings: AgentSettings, file: Path) -> Runner:
    """Return the runner of everything the settings ask for, not yet started; raise SettingsError."""
    state.prepare(settings, file)
    return runner_of(collectors(settings, file, time.time))


def runner_of(made: Sequence[Made]) -> Runner:
    """Return the runner of collectors."""
    return Runner([one for one in made if isinstance(one, Job)], [one for one in made if not isinstance(one, Job)])
