"""Sessions, viewers and traffic counted from an edge's access log by the published definition (docs/sessions.md)."""

from agent.sources.edge_log import metrics
from agent.sources.edge_log.quality import metrics as quality
from agent.sources.edge_log.settings import EdgeLogSettings
from agent.sources.kind import Command, SourceKind

SOURCE = SourceKind(
    title="Access logs",
    table="edge_log",
    settings=EdgeLogSettings,
    key="service",
    collector="agent.sources.edge_log.source:collector",
    metrics=(*metrics.ALL, *quality.ALL),
    keeps_state=True,
    # Following a log would move the running agent's stored position.
    not_once="access logs are not part of “once”; “ott-agent replay” counts them",
    notes="agent.sources.edge_log.notes:notes",
    proposal="agent.sources.edge_log.proposal:proposal",
    commands=(
        Command(
            "replay",
            "agent.sources.edge_log.replay.replay",
            "count sessions, viewers and traffic in access logs",
            ("ott-agent replay --config /etc/ottwatch/agent.toml --every 1m /var/log/nginx/ott.log.1",),
        ),
    ),
)
