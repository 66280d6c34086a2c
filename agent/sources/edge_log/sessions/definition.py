"""What a site sets of the published definition of sessions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.sources.edge_log.sessions.targets import PROTOCOLS


@dataclass(frozen=True, slots=True)
class Definition:
    """What a site sets of the published definition."""

    idle_timeout: float = 30.0
    viewer: Sequence[re.Pattern[bytes]] = ()
    session: Sequence[re.Pattern[bytes]] = ()
    channel: re.Pattern[bytes] | None = None
    media_suffixes: Sequence[str] = tuple(PROTOCOLS)
    media_statuses: Sequence[int] = (200, 206, 304)
    ahead_tolerance: float = 60.0
    lateness: float = 60.0
    max_sessions: int = 500_000
    cmcd: bool = False  # whether the session identifier of CMCD names a viewer
