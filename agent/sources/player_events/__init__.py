"""What players that ask no edge of ours report by events: CMCD version 2, event mode (docs/qoe.md)."""

from agent.sources.kind import SourceKind
from agent.sources.player_events import metrics
from agent.sources.player_events.settings import PlayerEventsSettings

SOURCE = SourceKind(
    title="Players' events",
    table="player_events",
    settings=PlayerEventsSettings,
    key="service",
    collector="agent.sources.player_events.source:collector",
    metrics=metrics.ALL,
    not_once="players' events are not part of “once”; they come when players send them",
)
