"""The kinds of source that the agent knows: a folder each, and a line here."""

from agent.sources.billing import SOURCE as BILLING
from agent.sources.certificate import SOURCE as CERTIFICATE
from agent.sources.edge_log import SOURCE as EDGE_LOG
from agent.sources.kind import SourceKind
from agent.sources.multicast import SOURCE as MULTICAST
from agent.sources.picture import SOURCE as PICTURE
from agent.sources.player_events import SOURCE as PLAYER_EVENTS
from agent.sources.server import SOURCE as SERVER
from agent.sources.streams import SOURCE as STREAMS
from agent.sources.subscribers import SOURCE as SUBSCRIBERS

# The picture checks come before the probes, which ask them what they want.
SOURCES: tuple[SourceKind, ...] = (
    EDGE_LOG,
    PLAYER_EVENTS,
    SERVER,
    SUBSCRIBERS,
    PICTURE,
    STREAMS,
    MULTICAST,
    CERTIFICATE,
    BILLING,
)
