"""What survives a restart, in one file written at once: positions, counters and the session table.

Because all three are of one moment, the lines behind the positions are exactly those that the counters lack. A first
line of JSON is followed by the session table as plain arrays, and a digest of both ends the file.
"""

import json
import os
from array import array
from collections import Counter
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from typing import Any

from agent.sources.edge_log.input.position import Position
from agent.sources.edge_log.sessions.counters import BUCKETS, Counters
from agent.sources.edge_log.sessions.table import VIEWER_BYTES, Dump

VERSION = 4
# Version 2 knew less of a file, and what it lacks has defaults; until version 3 a counter had another name.
_READABLE = (2, 3, VERSION)
_RENAMED = {"rungs": "identity_sources"}
_DIGEST = 32
_NAMES = [one.name for one in fields(Position)]
_VALUES = attrgetter(*_NAMES)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One moment of a source."""

    positions: list[Position]
    counters: Counters
    started: int  # the session table's own count, before the exported one may run ahead of it
    sessions: Dump
    looked_at: float = 0.0  # when files were looked for: what was modified later may be unknown to the positions
    losses: dict[str, int] = field(default_factory=dict)
    last_losses: dict[str, float] = field(default_factory=dict)


def encode(checkpoint: Checkpoint) -> bytes:
    """Return the file's content."""
    sessions = checkpoint.sessions
    header = {
        "version": VERSION,
        "positions": [dict(zip(_NAMES, _VALUES(position), strict=True)) for position in checkpoint.positions],
        "counters": {one.name: getattr(checkpoint.counters, one.name) for one in fields(Counters)},
        "buckets": BUCKETS,
        "started": checkpoint.started,
        "looked_at": checkpoint.looked_at,
        "losses": checkpoint.losses,
        "last_losses": checkpoint.last_losses,
        "names": sessions.names,
        "sessions": len(sessions.indices),
    }
    body = b"".join(
        [
            json.dumps(header, separators=(",", ":")).encode(),
            b"\n",
            sessions.viewers,
            sessions.indices.tobytes(),
            sessions.first.tobytes(),
            sessions.last.tobytes(),
        ]
    )
    return sealed(body)


def sealed(body: bytes) -> bytes:
    """Return the content with the digest that ends the file."""
    return body + blake2b(body, digest_size=_DIGEST).digest()


class _VersionError(ValueError):
    """The file is of another version."""


def decode(content: bytes) -> Checkpoint:
    """Return the checkpoint of a file's content; raise ValueError when it is damaged or of another version."""
    body, digest = content[:-_DIGEST], content[-_DIGEST:]
    if blake2b(body, digest_size=_DIGEST).digest() != digest:
        raise ValueError("is damaged")
    line, _, table = body.partition(b"\n")
    try:
        return _decode(json.loads(line), table)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        said = str(error) if isinstance(error, _VersionError) else "is not what this version writes"
        raise ValueError(said) from None


def _decode(header: dict[str, Any], table: bytes) -> Checkpoint:
    if header["version"] not in _READABLE or tuple(header["buckets"]) != BUCKETS:
        raise _VersionError(f"is of version {header['version']}, not {VERSION}")
    count = header["sessions"]
    viewers, rest = table[: count * VIEWER_BYTES], table[count * VIEWER_BYTES :]
    indices, first, last = array("I"), array("d"), array("d")
    for column in (indices, first, last):
        column.frombytes(rest[: count * column.itemsize])
        rest = rest[count * column.itemsize :]
    names = [(channel, protocol) for channel, protocol in header["names"]]
    counters = {_RENAMED.get(name, name): value for name, value in header["counters"].items()}
    for name in ("requests", "egress", "identity_sources", "rejects"):
        counters[name] = Counter(counters[name])
    return Checkpoint(
        [Position(**position) for position in header["positions"]],
        Counters(**counters),
        header["started"],
        Dump(viewers, names, indices, first, last),
        float(header["looked_at"]),
        dict(header.get("losses", {})),
        dict(header.get("last_losses", {})),
    )


def write(path: Path, content: bytes) -> None:
    """Replace the file in one step, readable by its owner alone; raise OSError that names it."""
    fresh = path.with_suffix(".new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:  # of writing it, the kernel names no file
        raise OSError(error.errno, error.strerror, str(path)) from None


def secret(path: Path) -> bytes:
    """Return the key of the viewers' hashes, made at the first start."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    if len(content) != 32:
        content = os.urandom(32)
        write(path, content)
    return content
