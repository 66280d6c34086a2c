"""Random histories of log files against a counted truth: no line may be missing, none be counted twice.

    python -m bench.edge_log_histories [--histories 10000] [--seed 0]

A history has writers that append to one or two logs, and everything that is done to logs: rotations by renaming,
copying, moving, packing and switching a link, copies and hard links under the pattern, replacement by an edited or a
longer copy, an agent that is stopped, killed and away, and few descriptors. What cannot be guaranteed (a log emptied
without a copy, an unread file deleted) may lose lines, but only with an event in `losses`.
"""

import argparse
import copy
import gzip
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.sources.edge_log.input.descriptors import Descriptors, Quota
from agent.sources.edge_log.input.follower import Follower
from agent.sources.edge_log.input.losses import Losses
from agent.sources.edge_log.input.moved import LINGER
from agent.sources.edge_log.input.position import Position

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LINE = 2000
HEADER = b"#Version: 1.0\n#Fields: date time c-ip cs-uri-stem sc-status\n"
PLENTY = 100
SHIFTED = 8  # numbered rotations are kept up to this many
LAYOUTS = {"literal": ["a.log"], "folder": ["*.log"], "prefix": ["a.log*"], "link": ["current"]}


@dataclass
class Writer:
    """A server that appends to its log, and holds the file until it is told to open it again."""

    path: Path
    descriptor: int = -1
    rest: bytes = b""  # of a line under way

    def reopen(self, header: bytes) -> None:
        """Open the log by its name, with the format's header where it is new."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if os.fstat(self.descriptor).st_size == 0:
            os.write(self.descriptor, header)

    def finish(self) -> None:
        """Write what is missing of a line."""
        os.write(self.descriptor, self.rest)
        self.rest = b""


@dataclass
class Counted:
    """What the agent has: stored as one with the positions."""

    lines: Counter[bytes] = field(default_factory=Counter)
    rejects: int = 0


class History:
    """Logs in a folder, their writers, and an agent that follows them."""

    def __init__(self, folder: Path, layout: str, *, headed: bool, descriptors: int) -> None:
        self.folder, self.layout = folder, layout
        self.header = HEADER if headed else b""
        self.quota = descriptors
        self.now = 1000.0
        self.number = self.copies = self.day = 0
        self.truth: set[bytes] = set()
        self.counted, self.stored = Counted(), Counted()
        self.positions: list[Position] = []
        self.looked_at = 0.0
        self.losses = Losses()
        self.stored_losses = Losses()
        self.may_lose = self.silent = self.replaced = False
        self.follower: Follower | None = None
        names = ["a.log", "b.log"] if layout == "folder" else ["a.log"]
        if layout == "link":
            names = ["day-0.log"]
            (folder / "current").symlink_to("day-0.log")
        self.writers = [Writer(folder / name) for name in names]
        for writer in self.writers:
            writer.reopen(self.header)
        self.start()
        self.poll()
        self.store()

    # -- the agent

    def start(self) -> None:
        """Start the agent from what was stored."""
        if self.follower is not None:
            return
        self.counted = copy.deepcopy(self.stored)
        self.losses = Losses(dict(self.stored_losses.counts), dict(self.stored_losses.last))
        self.follower = Follower(
            [str(self.folder / pattern) for pattern in LAYOUTS[self.layout]],
            MAX_LINE,
            begin_at_end=False,
            known=[Position(**asdict(position)) for position in self.positions],
            looked_at=self.looked_at,
            losses=self.losses,
            descriptors=Descriptors(Quota(self.quota)),
        )

    def poll(self, seconds: float = 0.2) -> None:
        """Let some time pass and read."""
        self.now += seconds
        if self.follower is None:
            return
        for chunk in self.follower.poll(self.now):
            if chunk.rejected is not None:
                self.counted.rejects += 1
            self.counted.lines.update(line for line in chunk.data.splitlines() if not line.startswith(b"#"))

    def pause(self) -> None:
        """Let so much time pass that renamed files are given up."""
        for writer in self.writers:
            writer.finish()
        self.poll()
        self.poll(LINGER + 1)

    def store(self) -> None:
        """Store the state."""
        if self.follower is not None:
            self.positions = copy.deepcopy(self.follower.positions())
            self.looked_at = self.follower.looked_at
            self.stored = copy.deepcopy(self.counted)
            self.stored_losses = Losses(dict(self.losses.counts), dict(self.losses.last))

    def stop(self) -> None:
        """Stop the agent."""
        self.store()
        self.kill()

    def kill(self) -> None:
        """Kill the agent: what was counted since the state was stored is forgotten."""
        if self.follower is not None:
            self.follower.close()
            self.follower = None

    # -- the server and its logs

    def writer(self, which: int) -> Writer:
        """Return one of the writers."""
        return self.writers[which % len(self.writers)]

    def write(self, which: int, count: int, cut: int = 0) -> None:
        """Append lines, the last one without its last bytes."""
        writer = self.writer(which)
        text = writer.rest
        for _ in range(count):
            self.number += 1
            line = b"2026-01-22 00:00:01 192.0.2.1 /live/c%d/%07d.ts 200" % (which, self.number)
            self.truth.add(line)
            text += line + b"\n"
        cut = min(cut, max(0, len(text) - 1))
        os.write(writer.descriptor, text[: len(text) - cut])
        writer.rest = text[len(text) - cut :]

    def shift(self, path: Path) -> Path:
        """Make room for a rotated log: number 1 becomes 2, and so on; return the path of number 1."""
        for number in range(SHIFTED, 0, -1):
            for suffix in ("", ".gz"):
                rotated = Path(f"{path}.{number}{suffix}")
                if not rotated.exists():
                    continue
                if number < SHIFTED:
                    rotated.rename(f"{path}.{number + 1}{suffix}")
                elif self.is_counted(rotated):
                    # Of a file that was not given up yet the agent cannot know that it had read it to its end.
                    given_up = {one.inode for one in self.positions if one.retired}
                    self.replaced |= self.follower is None or rotated.stat().st_ino not in given_up
                    rotated.unlink()
                else:
                    self.copies += 1
                    rotated.rename(f"{path}.{SHIFTED + self.copies}{suffix}")
        return Path(f"{path}.1")

    def is_counted(self, path: Path) -> bool:
        """Return whether the stored state has all lines of a file."""
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        held = any(_same(writer.descriptor, path) for writer in self.writers)
        return not held and all(line in self.stored.lines for line in data.splitlines() if line in self.truth)

    def rename(self, which: int, *, late: bool, to: str = "") -> None:
        """Rotate by renaming; a server that is `late` goes on in the renamed file."""
        writer = self.writer(which)
        if self.layout == "link":
            self.switch(late=late)
            return
        if not _same(writer.descriptor, writer.path):
            writer.finish()
            writer.reopen(self.header)
        rotated = self.shift(writer.path)
        if to:
            (self.folder / to).mkdir(exist_ok=True)
            self.copies += 1
            rotated = self.folder / to / f"{writer.path.name}.{self.copies}"
        writer.path.rename(rotated)
        if not late:
            writer.finish()
            writer.reopen(self.header)

    def reopen(self, which: int) -> None:
        """Tell the server to open its log again."""
        self.writer(which).finish()
        self.writer(which).reopen(self.header)

    def switch(self, *, late: bool) -> None:
        """Point the link at the log of the next day."""
        writer = self.writers[0]
        writer.finish()
        self.day += 1
        name = f"day-{self.day}.log"
        (self.folder / "new").symlink_to(name)
        (self.folder / "new").rename(self.folder / "current")
        writer.path = self.folder / name
        if not late:
            writer.reopen(self.header)

    def copy_and_truncate(self, which: int) -> None:
        """Rotate by copying."""
        writer = self.writer(which)
        self.reopen(which)
        if self.layout != "link":
            shutil.copy(writer.path, self.shift(writer.path))
            os.truncate(writer.path, 0)
            os.write(writer.descriptor, self.header)

    def pack(self, which: int) -> None:
        """Compress the newest rotated log."""
        rotated = Path(f"{self.writer(which).path}.1")
        self.reopen(which)
        if rotated.exists():
            status = rotated.stat()
            compressed = Path(f"{rotated}.gz")
            compressed.write_bytes(gzip.compress(rotated.read_bytes()))
            os.utime(compressed, ns=(status.st_atime_ns, status.st_mtime_ns))
            rotated.unlink()

    def duplicate(self, which: int, *, hard: bool) -> None:
        """Copy or link a log to another name under the pattern."""
        self.copies += 1
        self.writer(which).finish()
        path = self.writer(which).path
        if not path.exists():
            return
        name = self.folder / (f"copy-{self.copies}.log" if self.layout == "folder" else f"a.log-copy-{self.copies}")
        lines = path.read_bytes().splitlines()
        if not hard and sum(line in self.truth for line in lines) == 1:
            return  # a line alone proves nothing
        if hard:
            name.hardlink_to(path)
        else:
            shutil.copy(path, name)

    def replace(self, which: int, *, edited: bool) -> None:
        """Put a copy in the log's place, as rsync does, or without its first line, as an editor may."""
        self.reopen(which)
        writer = self.writer(which)
        data = writer.path.read_bytes()
        if sum(line in self.truth for line in data.splitlines()) == 1:
            return  # a line alone proves nothing
        if edited:
            if self.follower is None:
                return
            self.poll()
            self.store()
            begin = len(self.header)
            if data.count(b"\n") - self.header.count(b"\n") < 3 or writer.path.stat().st_nlink > 1:
                return
            data = data[:begin] + data[begin:].partition(b"\n")[2]
        self.replaced |= not any(line in self.stored.lines for line in data.splitlines())
        fresh = self.folder / ".fresh"
        fresh.write_bytes(data)
        fresh.rename(writer.path)
        writer.reopen(b"")

    def empty(self, which: int) -> None:
        """Truncate a log that nobody copied."""
        self.reopen(which)
        data = self.writer(which).path.read_bytes()
        # Of a log that was still empty when it was last looked at nobody can know that it had lines in between.
        self.silent |= not any(line in self.stored.lines and line in self.counted.lines for line in data.splitlines())
        os.truncate(self.writer(which).path, 0)
        self.may_lose = True

    def delete(self, which: int) -> None:
        """Delete the newest rotated log, read or not."""
        rotated = Path(f"{self.writer(which).path}.1")
        self.reopen(which)
        if rotated.exists():
            self.may_lose |= not self.is_counted(rotated)
            # Its inode may be given to a file with the same header.
            self.silent |= not any(line in self.stored.lines for line in rotated.read_bytes().splitlines())
            self.replaced = True
            rotated.unlink()

    # -- the comparison

    def end(self) -> str:
        """Let the agent read all there is; return how it differs from the truth, or nothing."""
        for which in range(len(self.writers)):
            self.reopen(which)
        self.start()
        self.poll()
        self.poll()
        self.poll(LINGER + 1)
        self.kill()
        for writer in self.writers:
            os.close(writer.descriptor)
        return self.difference()

    def difference(self) -> str:
        """Return how what was counted differs from what was written."""
        twice = sum(count - 1 for count in self.counted.lines.values())
        alien = [line for line in self.counted.lines if line not in self.truth]
        missing = len(self.truth - self.counted.lines.keys())
        if twice or alien or self.counted.rejects:
            torn = f"{len(alien)} torn, {self.counted.rejects} rejected"
            return f"{twice} twice, {torn}, losses {dict(self.losses.counts)}"
        if missing and not (self.may_lose and (self.silent or self.losses.counts)):
            return f"{missing} of {len(self.truth)} missing, losses {dict(self.losses.counts)}"
        # With few descriptors a file that was not open may vanish, and nobody can know whether it had more lines.
        if self.losses.counts and not self.may_lose and not self.replaced and self.quota == PLENTY:
            return f"nothing missing, but losses {dict(self.losses.counts)}"
        return ""


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def step(history: History, chance: random.Random) -> str:
    """Do one random thing; return its name."""
    which = chance.randrange(2)
    late = chance.random() < 0.5
    acts: dict[str, tuple[float, Callable[[], None]]] = {
        "write": (12, lambda: history.write(which, chance.randrange(1, 6), chance.choice([0, 0, 5, 20]))),
        "poll": (10, lambda: history.poll(chance.choice([0.2, 5.0]))),
        "store": (4, history.store),
        "stop": (3, history.stop),
        "kill": (3, history.kill),
        "start": (6, history.start),
        "pause": (2, history.pause),
        "rename": (4, lambda: history.rename(which, late=late)),
        "move": (2, lambda: history.rename(which, late=late, to="old")),
        "reopen": (3, lambda: history.reopen(which)),
        "copytruncate": (3, lambda: history.copy_and_truncate(which)),
        "pack": (2, lambda: history.pack(which)),
        "copy": (2, lambda: history.duplicate(which, hard=False)),
        "link": (1, lambda: history.duplicate(which, hard=True)),
        "replace": (2, lambda: history.replace(which, edited=False)),
        "edit": (1, lambda: history.replace(which, edited=True)),
        "empty": (0.2, lambda: history.empty(which)),
        "delete": (0.3, lambda: history.delete(which)),
    }
    (name,) = chance.choices(list(acts), [weight for weight, _ in acts.values()])
    acts[name][1]()
    return name


def run(seed: int, folder: Path) -> tuple[str, list[str]]:
    """Run one history; return its difference and what was done."""
    chance = random.Random(seed)
    layout = chance.choice(list(LAYOUTS))
    headed = chance.random() < 0.5
    descriptors = chance.choice([1, 3, PLENTY])
    history = History(folder, layout, headed=headed, descriptors=descriptors)
    done = [f"layout {layout}, header {headed}, descriptors {descriptors}"]
    done += [step(history, chance) for _ in range(chance.randrange(5, 40))]
    return history.end(), done


def main() -> int:
    """Run the histories; exit status 1 where one differs."""
    parser = argparse.ArgumentParser("bench.edge_log_histories", description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-v", action="store_true", help="print what was done in a history that differs")
    arguments = parser.parse_args()
    wrong = 0
    for seed in range(arguments.seed, arguments.seed + arguments.histories):
        with tempfile.TemporaryDirectory() as folder:
            difference, done = run(seed, Path(folder))
        if difference:
            wrong += 1
            print(f"seed {seed}: {difference}", *(done if arguments.v else ()), sep="\n    ")
    print(f"{arguments.histories} histories, {wrong} differ from the truth")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
