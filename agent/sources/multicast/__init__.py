"""Channels as the network delivers them: transport streams by multicast, judged by TR 101 290 (docs/multicast.md)."""

from operator import attrgetter

from agent.sources.kind import SourceKind
from agent.sources.multicast import metrics
from agent.sources.multicast.settings import MulticastReceiver, MulticastSettings

SOURCE = SourceKind(
    title="Multicast",
    table="multicast",
    settings=MulticastSettings,
    key="channel",
    name=attrgetter("channel"),
    collectors="agent.sources.multicast.source:collectors",
    metrics=metrics.ALL,
    extra="probe",
    notes="agent.sources.multicast.notes:notes",
    proposal="agent.sources.multicast.proposal:proposal",
    limits=MulticastReceiver,
    limits_table="multicast_receiver",
    not_once="multicast is not part of “once”: what a channel misses shows only over time",
)
