"""What check-config remarks on a table [[edge_log]]."""

import glob
import os
from collections.abc import Iterator

from agent.sources.edge_log.settings import EdgeLogSettings


def notes(settings: EdgeLogSettings) -> Iterator[str]:
    """Yield a note for each log that is not there or cannot be read now."""
    for path in settings.paths:
        found = glob.glob(path)  # noqa: PTH207 - an absolute pattern
        if not found:
            yield f"paths: note: there is no {path} yet"
        for unreadable in (file for file in found if not os.access(file, os.R_OK)):
            yield f"paths: note: this account may not read {unreadable}"
