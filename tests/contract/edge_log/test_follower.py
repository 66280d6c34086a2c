"""Real files: growing, renamed, copied and truncated, replaced, met again after a restart."""

import copy
import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.sources.edge_log.formats.batch import Reason
from agent.sources.edge_log.input.follower import Follower
from agent.sources.edge_log.input.moved import LINGER
from agent.sources.edge_log.input.position import Position

MAX_LINE = 2000


@dataclass
class Reading:
    """A follower and all that it handed out."""

    folder: Path
    patterns: list[str]
    begin_at_end: bool = False
    lines: list[bytes] = field(default_factory=list)
    rejects: list[Reason] = field(default_factory=list)
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.follower = self.make([])

    def make(self, known: list[Position], looked_at: float = 0.0) -> Follower:
        return Follower(self.patterns, MAX_LINE, begin_at_end=self.begin_at_end, known=known, looked_at=looked_at)

    def poll(self, seconds: float = 0.2) -> list[bytes]:
        """Let time pass, read, and return the new lines."""
        self.now += seconds
        before = len(self.lines)
        for chunk in self.follower.poll(self.now):
            if chunk.rejected is not None:
                self.rejects.append(chunk.rejected)
            else:
                self.lines += chunk.data.splitlines()
        return self.lines[before:]

    def followed(self) -> list[Position]:
        """Return the positions of files that may still grow."""
        return [position for position in self.follower.positions() if not position.retired]

    def restart(self, away: Callable[[], None] = lambda: None) -> None:
        """End, and begin again from the positions of now after what happens meanwhile."""
        positions = copy.deepcopy(self.follower.positions())
        self.follower.close()
        away()
        self.follower = self.make(positions, self.follower.looked_at)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "ott_access.log"


@pytest.fixture
def reading(log: Path) -> Iterator[Reading]:
    one = Reading(log.parent, [str(log)])
    yield one
    one.follower.close()


def append(path: Path, *lines: bytes, end: bytes = b"\n") -> None:
    with path.open("ab") as file:
        file.write(b"\n".join(lines) + end)


def test_lines_as_they_come_and_an_unfinished_one_when_it_is_finished(log: Path, reading: Reading) -> None:
    append(log, b"one", b"two", b"thr", end=b"")
    assert reading.poll() == [b"one", b"two"]
    assert reading.poll() == []
    append(log, b"ee", b"four")
    assert reading.poll() == [b"three", b"four"]


def test_a_missing_file_is_a_fault_until_it_appears(log: Path, reading: Reading) -> None:
    assert reading.poll() == []
    assert reading.follower.faults == [f"{log}: no such file"]
    append(log, b"one")
    assert reading.poll() == [b"one"]
    assert reading.follower.faults == []


def test_a_folder_in_its_place_is_a_fault(log: Path, reading: Reading) -> None:
    log.mkdir()
    assert reading.poll() == []
    assert reading.follower.faults == [f"{log}: Is a directory"]


def test_rename_with_lines_to_the_old_file_afterwards(log: Path, reading: Reading) -> None:
    append(log, b"1")
    assert reading.poll() == [b"1"]
    append(log, b"2")
    old = log.rename(f"{log}.1")
    append(old, b"3")
    append(log, b"4")
    assert sorted(reading.poll()) == [b"2", b"3", b"4"]
    append(old, b"5")
    append(log, b"6")
    assert sorted(reading.poll()) == [b"5", b"6"]
    assert reading.poll(LINGER + 1) == []
    assert len(reading.followed()) == 1


def test_rename_before_the_new_file_exists(log: Path, reading: Reading) -> None:
    append(log, b"1")
    reading.poll()
    old = log.rename(f"{log}.1")
    append(old, b"2")
    assert reading.poll() == [b"2"]
    assert reading.follower.faults == []
    assert reading.poll(LINGER + 1) == []
    reading.poll()
    assert reading.follower.faults == [f"{log}: no such file"]
    append(log, b"3")
    assert reading.poll() == [b"3"]


def test_the_unfinished_line_of_a_finished_file_is_handed_out_apart(log: Path, reading: Reading) -> None:
    append(log, b"1", b"cut", end=b"")
    reading.poll()
    log.rename(f"{log}.1")
    append(log, b"2")
    assert reading.poll() == [b"2"]
    assert reading.poll(LINGER + 1) == []
    assert reading.rejects == [Reason.TRUNCATED]


def test_copy_and_truncate_loses_nothing(log: Path, reading: Reading) -> None:
    append(log, b"first line of the file", b"2")
    reading.poll()
    append(log, b"3", b"4")
    shutil.copy(log, f"{log}.1")
    log.write_bytes(b"")
    append(log, b"5")
    assert reading.poll() == [b"3", b"4", b"5"]
    assert reading.poll(LINGER + 1) == []
    assert len(reading.followed()) == 1


def test_truncated_and_grown_past_the_position_between_two_looks(log: Path, reading: Reading) -> None:
    append(log, b"first line", b"2")
    reading.poll()
    log.write_bytes(b"another first line\nand more than there was before\n")
    assert reading.poll() == [b"another first line", b"and more than there was before"]


def test_restart_goes_on_at_the_next_line(log: Path, reading: Reading) -> None:
    append(log, b"1", b"2", b"unfin", end=b"")
    reading.poll()
    reading.restart()
    append(log, b"ished", b"4")
    assert reading.poll() == [b"unfinished", b"4"]


def test_the_file_was_renamed_while_the_agent_was_away(log: Path, reading: Reading) -> None:
    append(log, b"1")
    reading.poll()
    append(log, b"2")
    log.rename(log.with_name("ott_access.log-20260122"))
    append(log, b"3")
    reading.restart()
    assert reading.poll() == [b"2", b"3"]


def test_the_file_was_copied_and_truncated_while_the_agent_was_away(log: Path, reading: Reading) -> None:
    append(log, b"1")
    reading.poll()
    append(log, b"2")
    shutil.copy(log, f"{log}.1")
    log.write_bytes(b"3\n")
    reading.restart()
    assert reading.poll() == [b"2", b"3"]
    reading.restart()
    assert reading.poll() == []


def test_a_log_that_came_and_went_between_two_looks(log: Path, reading: Reading) -> None:
    append(log, b"1")
    append(log.with_name("ott_access.log.9"), b"rotated long ago")
    os.utime(log.with_name("ott_access.log.9"), (1, 1))
    assert reading.poll() == [b"1"]
    append(log, b"2")
    log.rename(f"{log}.1")
    append(log, b"3")
    Path(f"{log}.1").rename(f"{log}.2")
    later(log.rename(f"{log}.1"), reading)
    append(log, b"4")
    assert sorted(reading.poll()) == [b"2", b"3", b"4"]
    append(Path(f"{log}.1"), b"late")
    assert reading.poll() == [b"late"]
    reading.restart()
    assert reading.poll() == []


@pytest.mark.parametrize("copies", [False, True])
def test_several_rotations_while_the_agent_was_away(log: Path, reading: Reading, copies: bool) -> None:
    append(log.with_name("ott_access.log.0"), b"rotated long ago")
    os.utime(log.with_name("ott_access.log.0"), (1, 1))
    append(log.with_name("ott_access_error.log"), b"another log")
    append(log, b"line 0")
    reading.poll()

    def away() -> None:
        later = reading.follower.looked_at + 1
        for number in range(1, 4):
            append(log, b"line %d" % number)
            rotated = log.with_name(f"ott_access.log.{number}")
            if copies:
                shutil.copy(log, rotated)
                log.write_bytes(b"")
            else:
                log.rename(rotated)
            os.utime(rotated, (later, later + number))
        append(log, b"line 4")
        append(log.with_name("ott_access.log.old"), b"by no rotation's name")

    reading.restart(away)
    assert sorted(reading.poll()) == [b"line 1", b"line 2", b"line 3", b"line 4"]
    assert reading.poll(LINGER + 1) == []
    assert len(reading.followed()) == 1


def test_an_inode_of_another_file_is_not_taken_for_the_old_one(log: Path, reading: Reading) -> None:
    append(log, b"1", b"2")
    reading.poll()
    log.write_bytes(b"wholly other content, same inode\nx\n")
    reading.restart()
    assert reading.poll() == [b"wholly other content, same inode", b"x"]


def test_several_files_by_pattern_and_their_rotations(tmp_path: Path) -> None:
    reading = Reading(tmp_path, [str(tmp_path / "*.log"), str(tmp_path / "x" / "*.log")])
    (tmp_path / "x").mkdir()
    append(tmp_path / "a.log", b"a1")
    append(tmp_path / "b.log", b"b1")
    (tmp_path / "c.log.gz").write_bytes(b"packed")
    assert sorted(reading.poll()) == [b"a1", b"b1"]
    assert reading.follower.faults == [f"{tmp_path}/x/*.log: no such file"]
    append(tmp_path / "x" / "c.log", b"c1")
    assert reading.poll() == [b"c1"]
    reading.follower.close()


def test_a_pattern_that_takes_the_rotated_files_in_counts_them_once(tmp_path: Path) -> None:
    log, reading = tmp_path / "a.log", Reading(tmp_path, [str(tmp_path / "a.log*")])
    append(log, b"first", b"2")
    assert reading.poll() == [b"first", b"2"]
    log.rename(tmp_path / "a.log.1")
    append(log, b"new first", b"4")
    assert reading.poll() == [b"new first", b"4"]
    append(log, b"5")
    shutil.copy(log, tmp_path / "a.log.0")
    assert reading.poll() == [b"5"]
    append(log, b"6")
    shutil.copy(log, tmp_path / "a.log.0")
    log.write_bytes(b"7\n")
    assert reading.poll() == [b"6", b"7"]
    assert reading.poll(LINGER + 1) == []
    reading.restart()
    assert reading.poll() == []
    reading.follower.close()


def test_a_log_met_for_the_first_time_may_begin_at_its_end(log: Path) -> None:
    append(log, b"old", b"half", end=b"")
    reading = Reading(log.parent, [str(log)], begin_at_end=True)
    assert reading.poll() == []
    append(log, b" a line")
    assert reading.poll() == [b"half a line"]
    log.rename(f"{log}.1")
    append(log, b"new")
    assert reading.poll() == [b"new"]
    reading.follower.close()


@pytest.mark.parametrize("size", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 5 * MAX_LINE, 300_000])
def test_a_line_over_the_limit_is_one_reject(log: Path, reading: Reading, size: int) -> None:
    append(log, b"1", b"x" * size, b"3")
    lines = reading.poll()
    fits = size <= MAX_LINE
    assert lines == ([b"1", b"x" * size, b"3"] if fits else [b"1", b"3"])
    assert reading.rejects == ([] if fits else [Reason.TOO_LONG])


def test_a_line_over_the_limit_that_grows_slowly(log: Path, reading: Reading) -> None:
    append(log, b"1")
    for _ in range(10):
        append(log, b"x" * 1000, end=b"")
        reading.poll()
        reading.restart()
    append(log, b"", b"2")
    assert reading.poll() == [b"2"]
    assert reading.rejects == [Reason.TOO_LONG]


def test_a_day_of_rotations_and_restarts(tmp_path: Path) -> None:
    """24 hours in steps of some seconds: every line is handed out once, whatever happens to the files."""
    chance = random.Random(20)
    log = tmp_path / "ott_access.log"
    reading = Reading(tmp_path, [str(log)])
    written = rotations = 0
    held = b""  # written so far of a line under way

    def write(path: Path, count: int) -> None:
        nonlocal written, held
        lines = [b"line %d of the day, long enough to tell files apart" % (written + n) for n in range(count)]
        written += count
        data = held + b"".join(line + b"\n" for line in lines)
        cut = chance.randrange(len(data) or 1) if chance.random() < 0.3 else len(data)
        with path.open("ab") as file:
            file.write(data[:cut])
        held = data[cut:]

    def finish(path: Path) -> None:
        nonlocal held
        with path.open("ab") as file:
            file.write(held)
        held = b""

    elapsed = 0.0
    while elapsed < 86_400:
        pause = chance.choice([0.2, 5.0, 30.0, 90.0])
        elapsed += pause
        write(log, chance.randrange(30))
        if chance.random() < 0.05:
            rotations += 1
            finish(log)
            copies = chance.random() < 0.5
            rotated = tmp_path / f"ott_access.log.{rotations}"
            if copies:
                shutil.copy(log, rotated)
                log.write_bytes(b"")
            else:
                log.rename(rotated)
                write(rotated, 3)  # the server has not reopened its log yet
                finish(rotated)
            write(log, chance.randrange(1, 5))
            for stale in sorted(tmp_path.glob("*.log.*"), key=lambda path: path.stat().st_mtime_ns)[:-3]:
                stale.unlink()
        if chance.random() < 0.1:
            reading.restart()
        reading.poll(pause)
    finish(log)
    reading.poll()
    numbers = sorted(int(line.split()[1]) for line in reading.lines)
    assert rotations > 50
    assert numbers == list(range(written))
    assert reading.rejects == []
    reading.follower.close()


def later(path: Path, reading: Reading) -> None:
    """Date a file clearly after the last look: files are dated by the kernel's last tick."""
    os.utime(path, (0, reading.follower.looked_at + 1))


def test_a_log_that_came_and_went_between_the_last_look_and_the_last_checkpoint_is_caught_up(log: Path) -> None:
    log.write_bytes(b"1\n")
    reading = Reading(log.parent, [str(log)])
    assert reading.poll() == [b"1"]
    # A machine too busy to let the agent look again before it stores its state.
    log.rename(f"{log}.2")
    log.write_bytes(b"2\n")
    later(log, reading)
    log.rename(f"{log}.1")
    log.write_bytes(b"3\n")
    reading.restart()
    assert sorted(reading.poll()) == [b"2", b"3"]


@pytest.mark.parametrize("begin_at_end", [False, True])
def test_a_log_that_was_not_there_yet_came_and_went_while_the_agent_was_away(log: Path, begin_at_end: bool) -> None:
    reading = Reading(log.parent, [str(log)], begin_at_end=begin_at_end)
    assert reading.poll() == []

    def away() -> None:
        log.write_bytes(b"1\n")
        later(log, reading)
        log.rename(f"{log}.1")
        log.write_bytes(b"2\n")

    reading.restart(away)
    assert sorted(reading.poll()) == [b"1", b"2"]


def test_a_log_that_is_named_after_a_restart_only_begins_where_the_settings_say(log: Path) -> None:
    log.write_bytes(b"1\n")
    reading = Reading(log.parent, [str(log)], begin_at_end=True)
    reading.poll()
    added = log.with_name("added.log")
    added.write_bytes(b"of long ago\n")
    later(added, reading)
    reading.patterns.append(str(added))
    reading.restart()
    assert reading.poll() == []
    append(added, b"new")
    assert reading.poll() == [b"new"]


@pytest.mark.parametrize("name", ["ott_access-2.log", "ott_access_8080.log", "ott_access.8080.log"])
def test_the_log_of_another_server_is_no_rotation_of_this_one(log: Path, name: str) -> None:
    log.write_bytes(b"1\n")
    other = log.with_name(name)
    other.write_bytes(b"other\n")
    reading = Reading(log.parent, [str(log)])
    assert reading.poll() == [b"1"]

    def away() -> None:
        append(other, b"other")
        later(other, reading)
        append(log, b"2")

    reading.restart(away)
    assert reading.poll() == [b"2"]


@pytest.mark.parametrize(
    "name",
    [
        "ott_access.log.1",
        "ott_access.log-20260122",
        "ott_access-2026-01-22.log",
        "ott_access.1.log",
        "ott_access-2026-01-22T10-20-30.456.log",
        "ott_access-2026-01-22T10-20-30.456-size.log",
    ],
)
def test_a_rotation_missed_while_away_is_read_under_any_usual_name(log: Path, name: str) -> None:
    log.write_bytes(b"1\n")
    reading = Reading(log.parent, [str(log)])
    assert reading.poll() == [b"1"]

    def away() -> None:
        log.rename(f"{log}.gone")
        log.write_bytes(b"2\n")
        later(log, reading)
        log.rename(log.with_name(name))
        log.write_bytes(b"3\n")

    reading.restart(away)
    assert sorted(reading.poll()) == [b"2", b"3"]


@pytest.mark.parametrize("pattern", ["current", "*.log", "*rent*"])
def test_days_behind_a_link_that_was_switched_twice_while_nobody_looked(tmp_path: Path, pattern: str) -> None:
    link = tmp_path / ("current.log" if pattern == "*.log" else "current")

    def write(day: int, text: bytes) -> None:
        with (tmp_path / f"2026-01-{day}.txt").open("ab") as file:
            file.write(text)

    def point(day: int) -> None:
        link.unlink(missing_ok=True)
        link.symlink_to(f"2026-01-{day}.txt")

    def away() -> None:
        write(21, b"c\n")
        write(22, b"d\n")
        write(23, b"e\n")
        point(23)

    write(21, b"a\nb\n")
    point(21)
    reading = Reading(tmp_path, [f"{tmp_path}/{pattern}"])
    reading.poll()
    reading.poll()
    reading.restart(away)
    reading.poll()
    reading.poll()
    assert reading.lines == [b"a", b"b", b"c", b"d", b"e"]


@pytest.mark.parametrize("error", [errno.ESTALE, errno.EIO])
def test_a_descriptor_that_went_stale_is_opened_again(
    error: int, log: Path, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on NFS when its server begins again: google/mtail issue 505, grafana/loki issue 3651.
    append(log, b"one", b"two")
    assert reading.poll() == [b"one", b"two"]
    (descriptor,) = [int(one.name) for one in Path("/proc/self/fd").iterdir() if one.resolve() == log]
    read, opened, stale = os.pread, os.open, {descriptor}

    def pread(of: int, count: int, offset: int) -> bytes:
        if of in stale:
            raise OSError(error, os.strerror(error))
        return read(of, count, offset)

    def opens(*arguments: Any) -> int:
        new = opened(*arguments)
        stale.discard(new)  # the number of one that was closed
        return new

    monkeypatch.setattr(os, "pread", pread)
    monkeypatch.setattr(os, "open", opens)
    append(log, b"three")
    assert reading.poll() == []
    assert reading.follower.faults == [f"{log}: {os.strerror(error)}"]
    assert reading.poll(60) == [b"three"]
    assert not reading.follower.faults
