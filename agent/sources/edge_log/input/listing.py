"""The paths that patterns take, listed again only when a folder has changed."""

import glob
import os
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase

from agent.sources.edge_log.input.content import COMPRESSED
from agent.sources.edge_log.input.rotation import folder_of

# A folder is dated as its files are, by a tick or by the second.
_YOUNG = 2.0
# Network file systems may show an old date for some seconds.
_RELIST_AFTER = 10.0
Dates = dict[str, int | None]


class Listing:
    """What some patterns take."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._folders: Dates = {}
        self._listed = float("-inf")
        self.paths: list[str] = []
        self.empty: list[str] = []  # patterns that take nothing

    @property
    def folders(self) -> list[str]:
        """The folders in which the patterns look."""
        return list(self._folders)

    def look(self) -> bool:
        """List the paths again where that is due; return whether it was."""
        now = time.time()
        if abs(now - self._listed) < _RELIST_AFTER and not any(map(self._changed, self._folders)):
            return False
        found: dict[str, None] = {}
        self._folders, self.empty = {}, []
        for pattern in self._patterns:
            if glob.has_magic(pattern):
                paths = _matches(pattern, self._folders)
                if not paths:
                    self.empty.append(pattern)
                found.update(dict.fromkeys(paths))
            else:
                # A rotation changes the folder, too, whatever it makes of the log.
                folder = folder_of(pattern)
                self._folders.setdefault(folder, _date(folder))
                found[pattern] = None
        self._listed, self.paths = now, list(found)
        return True

    def _changed(self, folder: str) -> bool:
        date = self._folders[folder]
        return date != _date(folder) or (date is not None and self._listed - date / 1e9 < _YOUNG)


def _date(folder: str) -> int | None:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - five times a second
    except OSError:
        return None


def _matches(pattern: str, folders: Dates) -> list[str]:
    """Return the paths of a pattern, and add the folders in which a change may make or unmake one."""
    *parts, last = pattern.split("/")[1:]
    current, magic = [""], False
    for part in parts:
        if glob.has_magic(part):
            magic = True
            current = [f"{one}/{name}" for one in current for name in _names(one, part, folders)]
            continue
        if magic:
            for one in current:
                folders.setdefault(one, _date(one))
        current = [f"{one}/{part}" for one in current]
    if glob.has_magic(last):
        paths = [f"{one}/{name}" for one in current for name in _names(one, last, folders)]
    else:
        for one in current:
            folders.setdefault(one, _date(one))
        paths = [path for path in (f"{one}/{last}" for one in current) if os.path.lexists(path)]
    return sorted(path for path in paths if not path.endswith(COMPRESSED))


def _names(folder: str, pattern: str, folders: Dates) -> list[str]:
    folder = folder or "/"
    # Before the listing: what changes while it is made makes the date newer.
    folders.setdefault(folder, _date(folder))
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are compared, not paths
    except OSError:
        return []
    hidden = pattern.startswith(".")
    return [name for name in names if (hidden or not name.startswith(".")) and fnmatchcase(name, pattern)]
