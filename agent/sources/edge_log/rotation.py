"""The files of a log by their names: what a pattern finds, and what rotations made of it."""

import glob
import os
import re
from pathlib import Path

# What rotations make of a name without its ".log": ".log.1", ".log-20260122", "-2026-01-22.log", ".1.log", and Caddy's
# "-2026-01-22T00-00-00.000.log", "-2026-01-22T00-00-00.000-size.log". Under any name a file is known by its first
# bytes; one never met before must also look like a rotation, and not like the log of another server beside this one:
# "-2.log", "_8080.log".
_ANY = re.compile(r".*")
ROTATED = re.compile(
    r"(\.log)?[-.]\d[-._\d]*|[-._]\d{4}[-._]?\d\d[-._]?\d\d[-._T\d]*(-(size|time))?\.log|\.\d{1,3}\.log"
)
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip")


def matches(pattern: str) -> list[str]:
    """Return the paths of a pattern; a path without wildcards is returned whether or not there is a file."""
    if not glob.has_magic(pattern):
        return [pattern]
    return sorted(
        path
        for path in glob.glob(pattern)  # noqa: PTH207 - pathlib has no absolute patterns
        if not path.endswith(COMPRESSED)
    )


def siblings(path: str, ending: "re.Pattern[str]" = _ANY) -> list[str]:
    """Return the files that a rotation may have made of `path`, the newest first."""
    folder, name = os.path.split(path)
    stem = name.removesuffix(".log")
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are compared, not paths
    except OSError:
        return []
    found = [
        f"{folder}/{one}"
        for one in names
        if one != name and one.startswith(stem) and ending.fullmatch(one[len(stem) :]) and not one.endswith(COMPRESSED)
    ]
    return sorted(found, key=modified, reverse=True)


def modified(path: str) -> float:
    """Return when a file was last written, 0 where there is none."""
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return 0.0
