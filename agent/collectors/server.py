"""A streaming server's status page, read as its preset says.

The server's own numbers are beside the edge log's, not instead of them: each vendor counts sessions its own way.
"""

import subprocess
from collections.abc import Iterator
from typing import NamedTuple

from agent import credentials, http, preset
from agent.collector import Collector
from agent.preset import METRICS, ServerPreset
from agent.settings import ServerSettings
from service.metric import Sample


class Server(NamedTuple):
    """What is asked and how its page is read."""

    settings: ServerSettings
    preset: ServerPreset


class Read(NamedTuple):
    """The page, with what it takes to understand it."""

    page: str
    server: Server


def read(server: Server) -> Read:
    settings = server.settings
    if settings.url is None:
        return Read(_output(settings.command, settings.deadline), server)
    answer = http.get(
        settings.url, timeout=settings.deadline, headers=credentials.header(settings.basic, settings.token)
    )
    return Read(answer.text, server)


def _output(command: list[str], deadline: float) -> str:
    try:
        result = subprocess.run(command, capture_output=True, timeout=deadline, check=False)
    except subprocess.TimeoutExpired:
        raise OSError(f"{command[0]} did not end within {deadline:g} s") from None
    if result.returncode != 0:
        said = result.stderr.decode("utf-8", "replace").strip().splitlines()
        raise OSError(f"{command[0]} ended with status {result.returncode}: {said[0] if said else 'it said nothing'}")
    return result.stdout.decode("utf-8", "replace")


def parse(source: Read) -> Iterator[Sample]:
    """Yield what the preset takes from the page."""
    if not source.page.strip():
        raise ValueError("answered nothing")
    yield from preset.parse(source.server.preset, source.server.settings.label, source.page)


COLLECTOR = Collector("server", read, parse, tuple(METRICS.values()))
