"""A streaming server's own status page, read as a preset says (docs/sources/)."""

from operator import attrgetter

from agent.sources.kind import Command, SourceKind
from agent.sources.server import metrics
from agent.sources.server.settings import ServerSettings

SOURCE = SourceKind(
    title="Streaming servers",
    table="server",
    settings=ServerSettings,
    key="name",
    name=attrgetter("label"),
    collector="agent.sources.server.collect:job",
    metrics=metrics.ALL,
    notes="agent.sources.server.notes:notes",
    proposal="agent.sources.server.proposal:proposal",
    commands=(
        Command(
            "presets",
            "agent.sources.server.presets_command",
            "list the presets of servers, or test one on a live server",
            ("ott-agent presets list", "ott-agent presets test nginx_stub_status --url http://127.0.0.1/status"),
        ),
    ),
)
