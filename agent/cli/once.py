"""`ott-agent once`: one scrape, printed."""

import argparse
import logging
import sys
import time

from agent.cli.collectors import collectors
from agent.cli.configuration import add_arguments, file_of, runner_of, settings_of
from agent.runtime.exposition import registry, text
from service.program import Exit

__all__ = ["add_arguments", "run"]

log = logging.getLogger("agent.cli.once")


def run(arguments: argparse.Namespace) -> int:
    """Print one scrape, without the sources that only a running agent can read."""
    settings = settings_of(arguments)
    runner = runner_of(collectors(settings, file_of(arguments), time.time, once=True))
    runner.run_all()
    sys.stdout.write(text(registry(runner.samples)).decode())
    for kind in settings.kinds:
        if kind.not_once and settings.of(kind.table):
            log.warning(kind.not_once)
    return Exit.FAILED if runner.failures() else Exit.FINE
