"""What of a channel is no mistake and needs something on this machine."""

import shutil
from collections.abc import Iterator

from agent.sources.multicast.connection import MISSING, SRT_PROGRAM
from agent.sources.multicast.settings import MulticastSettings


def notes(settings: MulticastSettings) -> Iterator[str]:
    """Yield a note where the program that pulls SRT is not there now."""
    if settings.url.startswith("srt://") and shutil.which(SRT_PROGRAM) is None:
        yield f"url: note: {MISSING}"
