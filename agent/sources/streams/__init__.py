"""Channels probed as a player would: playlist, newest segment, and whether both come in time (docs/streams.md)."""

from operator import attrgetter

from agent.sources.kind import Command, SourceKind
from agent.sources.streams import metrics
from agent.sources.streams.settings import StreamBudget, StreamSettings

SOURCE = SourceKind(
    title="Channels",
    table="stream",
    settings=StreamSettings,
    key="channel",
    name=attrgetter("channel"),
    collectors="agent.sources.streams.source:collectors",
    metrics=metrics.ALL,
    limits=StreamBudget,
    limits_table="stream_budget",
    not_once="channels are not part of “once”: a look at one is not yet a probe",
    commands=(
        Command(
            "probe",
            "agent.cli.probe",
            "look at a channel once as a player would, and show every step",
            ("ott-agent probe http://edge-1.example.kz/live/news/index.m3u8",),
        ),
    ),
)
