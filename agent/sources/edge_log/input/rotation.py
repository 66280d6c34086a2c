"""The files of a log by their names: what rotations make of a name, and where they may have moved a file."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agent.sources.edge_log.input.content import COMPRESSED

# What rotations make of a name without its ".log": ".log.1", ".log-20260122", "-2026-01-22.log", ".1.log", and Caddy's
# "-2026-01-22T00-00-00.000.log", "-2026-01-22T00-00-00.000-size.log". Under any name a file is known by its content;
# one never met before must also look like a rotation, and not like the log of another server in the same folder:
# "-2.log", "_8080.log".
_ROTATED = r"(\.log)?[-.]\d[-._\d]*|[-._]\d{4}[-._]?\d\d[-._]?\d\d[-._T\d]*(-(size|time))?\.log|\.\d{1,3}\.log"
ROTATED = re.compile(_ROTATED)
_ROTATED_NAME = re.compile(rf"(?P<stem>.+?)(?:{_ROTATED})")
_DIGITS = re.compile(r"\d+")
# Folders around a log's own in which a file is looked for by its inode or content, and entries looked at in them.
_MOST_FOLDERS, _MOST_ENTRIES = 50, 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a folder."""

    path: str
    inode: int
    is_folder: bool

    @property
    def name(self) -> str:
        """The last part of the path."""
        return name_of(self.path)


class Folders:
    """What lies in folders, listed once for each look."""

    def __init__(self) -> None:
        self._listed: dict[str, list[Entry]] = {}

    def entries(self, folder: str) -> list[Entry]:
        """Return the folder's files; none where it cannot be read."""
        if folder not in self._listed:
            try:
                with os.scandir(folder) as scan:
                    self._listed[folder] = [
                        Entry(one.path, one.inode(), one.is_dir(follow_symlinks=False)) for one in scan
                    ]
            except OSError:
                self._listed[folder] = []
        return self._listed[folder]

    def around(self, path: str, *, beside: bool = True) -> list[str]:
        """Return the folders in which a rotation may have put a file: its own, those in it, those next to it.

        Those next to it may have logs of the same names by other servers: there only an inode is proof.
        """
        own = folder_of(path)
        found = {own: None}
        for folder in (own, folder_of(own)) if beside else (own,):
            if folder == "/" and own != "/":
                continue  # another file system's worth of folders
            for entry in self.entries(folder)[:_MOST_ENTRIES]:
                if len(found) >= _MOST_FOLDERS:
                    break
                if entry.is_folder:
                    found[entry.path] = None
        return list(found)

    def with_inode(
        self, identity: tuple[int, int], folders: Iterable[str], fits: Callable[[str], bool] = lambda _path: True
    ) -> str | None:
        """Return the path that leads to a file now, one that fits: a file may have several."""
        for folder in folders:
            for entry in self.entries(folder):
                if entry.inode == identity[1] and fits(entry.path):
                    status = status_of(entry.path)
                    if status is not None and (status.st_dev, status.st_ino) == identity and not entry.is_folder:
                        return entry.path
        return None

    def may_be(self, path: str, log: str, moved: Iterable[str]) -> bool:
        """Return whether a path may be that of a file of which no data was read, so that only its inode is known.

        The inode of a deleted file is given to the next one: to the log of another server just as well.
        """
        near = folder_of(path) in {*self.around(log, beside=False), *moved}
        return near and name_of(path).startswith(name_of(derotated(log)).removesuffix(".log"))

    def siblings(self, path: str, folder: str) -> list[str]:
        """Return the files in a folder whose names begin as the log's does."""
        stem = name_of(path).removesuffix(".log")
        return [entry.path for entry in self.entries(folder) if entry.path != path and entry.name.startswith(stem)]


def folder_of(path: str) -> str:
    """Return the folder of a path."""
    return path.rpartition("/")[0] or "/"


def name_of(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]


def status_of(path: str) -> os.stat_result | None:
    """Return what is known of a file; None where there is none."""
    try:
        return os.stat(path)  # noqa: PTH116 - called for every file of a folder
    except OSError:
        return None


def is_rotated(name: str, base: str) -> bool:
    """Return whether a rotation makes this name of the log's name."""
    name = uncompressed(name)
    stem = base.removesuffix(".log")
    return name not in (base, stem) and name.startswith(stem) and ROTATED.fullmatch(name[len(stem) :]) is not None


def is_rotated_of_pattern(name: str, pattern: str) -> bool:
    """Return whether a rotation makes this name of one that the pattern takes."""
    match = _ROTATED_NAME.fullmatch(uncompressed(name))
    return match is not None and any(fnmatchcase(match["stem"] + ending, pattern) for ending in (".log", ""))


def derotated(path: str) -> str:
    """Return a path without what a rotation added to it."""
    folder, name = os.path.split(uncompressed(path))
    match = _ROTATED_NAME.fullmatch(name)
    return f"{folder}/{match['stem']}" if match else f"{folder}/{name}"


def rotated_like(path: str, other: str) -> bool:
    """Return whether one path, perhaps compressed, is a rotated form of the other's log."""
    stems = {name_of(derotated(one)).removesuffix(".log") for one in (path, other)}
    return path.endswith(COMPRESSED) or len(stems) == 1


def is_dated_like(path: str, other: str) -> bool:
    """Return whether two paths differ in their digits only, as the logs of two days do."""
    return path != other and _DIGITS.sub("0", uncompressed(path)) == _DIGITS.sub("0", other)


def uncompressed(name: str) -> str:
    """Return a name without the suffix that compressing adds."""
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return name
