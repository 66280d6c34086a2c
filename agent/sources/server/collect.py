"""A streaming server's status page, read as its preset says.

The server's own numbers are beside the edge log's, not instead of them: each vendor counts sessions its own way.
"""

from collections.abc import Iterator
from typing import NamedTuple

from agent.runtime import command, credentials, http
from agent.runtime.collector import Collector, Job
from agent.sources.kind import Context
from agent.sources.presets import load_preset
from agent.sources.server import preset
from agent.sources.server.figure import METRICS
from agent.sources.server.preset import ServerPreset
from agent.sources.server.settings import ServerSettings
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
        return Read(command.output(settings.command, settings.deadline), server)
    answer = http.get(
        settings.url, timeout=settings.deadline, headers=credentials.header(settings.basic, settings.token)
    )
    return Read(answer.text, server)


def parse(source: Read) -> Iterator[Sample]:
    """Yield what the preset takes from the page."""
    if not source.page.strip():
        raise ValueError("answered nothing")
    yield from preset.parse(source.server.preset, source.server.settings.label, source.page)


COLLECTOR = Collector("server", read, parse, tuple(METRICS.values()))


def job(settings: ServerSettings, _: Context) -> Job:
    """Return the job of one server; raise SettingsError, OSError or ValueError for its preset or its secrets."""
    read_as = load_preset(ServerPreset, "server", settings.preset)
    credentials.header(settings.basic, settings.token)  # read again each time; one that is missing is told now
    return COLLECTOR.on(
        Server(settings, read_as),
        name=f"server_{settings.label}",
        interval=settings.interval,
        deadline=settings.deadline,
    )
