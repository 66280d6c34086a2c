"""`ott-agent once`: one scrape, printed."""

import argparse
import logging
import sys
from pathlib import Path

from agent.cli.configuration import add_arguments, settings_of
from agent.runtime import jobs
from agent.runtime.collector import Runner
from agent.runtime.exposition import registry, text
from service.program import Exit

__all__ = ["add_arguments", "run"]

log = logging.getLogger("agent.cli.once")


def run(arguments: argparse.Namespace) -> int:
    """Print one scrape. Logs are left to a running agent: following one would move its stored position."""
    settings = settings_of(arguments)
    runner = Runner(jobs.jobs(settings, arguments.config or Path("(defaults)")))
    runner.run_all()
    sys.stdout.write(text(registry(runner.samples)).decode())
    if settings.edge_log:
        log.warning("access logs are not part of “once”; “ott-agent replay” counts them")
    if settings.stream:
        log.warning("channels are not part of “once”: a look at one is not yet a probe")
    return Exit.FAILED if runner.failures() else Exit.FINE
