"""What check-config remarks on a table [[server]]."""

import shutil
from collections.abc import Iterator

from agent.sources.server.settings import ServerSettings


def notes(settings: ServerSettings) -> Iterator[str]:
    """Yield a note for a command whose program is not there now."""
    if settings.command and shutil.which(settings.command[0]) is None:
        yield f"command: note: there is no program {settings.command[0]} here"
