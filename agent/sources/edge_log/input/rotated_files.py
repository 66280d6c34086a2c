"""Rotated files that nobody has met: they became and ceased to be the log while nobody looked."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from agent.sources.edge_log.input.content import COMPRESSED
from agent.sources.edge_log.input.followed import FollowedFiles
from agent.sources.edge_log.input.resume import SLACK
from agent.sources.edge_log.input.rotation import (
    Folders,
    folder_of,
    is_dated_like,
    is_rotated,
    is_rotated_of_pattern,
    name_of,
    status_of,
    uncompressed,
)

Found = list[tuple[str, os.stat_result]]


class Rotations:
    """The rotated files of some patterns."""

    def __init__(
        self, patterns: Sequence[str], followed: FollowedFiles, folders: Folders, searched: Sequence[str] = ()
    ) -> None:
        """`searched` are the folders in which patterns with wildcards look."""
        self._globs = [pattern for pattern in patterns if glob.has_magic(pattern)]
        self._logs = [pattern for pattern in patterns if not glob.has_magic(pattern)]
        self._followed = followed
        self._folders = folders
        self._searched = searched
        # A link leads to the log of the day.
        self._dated = {path: os.path.realpath(path) for path in self._logs if Path(path).is_symlink()}

    def unknown(self, since: float) -> Found:
        """Return the rotated files that are not followed and were written since a moment, the oldest first."""
        found: dict[tuple[int, int], tuple[str, os.stat_result]] = {}
        for path in self._rotated():
            status = status_of(path)
            if status is None or status.st_mtime < since - SLACK or not stat.S_ISREG(status.st_mode):
                continue
            if path.endswith(COMPRESSED) and status_of(uncompressed(path)):
                continue  # it is being made
            identity = (status.st_dev, status.st_ino)
            if self._followed.get(identity) is None:
                found[identity] = (path, status)
        return sorted(found.values(), key=lambda one: one[1].st_mtime)

    def _rotated(self) -> Iterator[str]:
        # Also where files of these logs were found: a rotation moved them there.
        learned = dict.fromkeys(folder_of(file.position.path) for file in self._followed)
        for log in self._logs:
            own = {folder_of(one): None for one in (log, self._dated.get(log, log))}
            for folder in own | self._archives(log, name_of(log)) | learned:
                yield from (entry.path for entry in self._folders.entries(folder) if self.is_of(entry.path, log))
        for pattern in self._globs:
            parent, name = os.path.split(pattern)
            for looked_in in (folder for folder in self._searched if fnmatchcase(folder, parent)):
                for folder in {looked_in: None} | self._archives(f"{looked_in}/", name):
                    for entry in self._folders.entries(folder):
                        if is_rotated_of_pattern(entry.name, name):
                            yield entry.path

    def _archives(self, path: str, name: str) -> dict[str, None]:
        """Return the folders in a log's own that have no log of the name: else they are another server's."""
        return {
            folder: None
            for folder in self._folders.around(path, beside=False)
            if not any(
                fnmatchcase(entry.name, name) and not is_rotated_of_pattern(entry.name, name)
                for entry in self._folders.entries(folder)
            )
        }

    def is_of(self, path: str, log: str) -> bool:
        """Return whether a path is a rotated file of a log."""
        target = self._dated.get(log)
        if target is not None and is_dated_like(path, target):
            return True
        return any(is_rotated(name_of(path), name_of(one)) for one in {log, target or log})
