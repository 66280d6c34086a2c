"""What a log loses or seems to lose: NUL bytes, inodes of deleted files, states of earlier versions."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.sources.edge_log import checkpoint
from agent.sources.edge_log.input.descriptors import LEAST, Descriptors, Quota
from agent.sources.edge_log.input.follower import Follower
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.input.moved import LINGER
from agent.sources.edge_log.input.position import Position, fingerprint
from tests.contract.edge_log.conftest import Edge, line, until

HOLE = 1 << 20


def lines_of(follower: Follower, now: float) -> list[bytes]:
    """Return the lines of one look."""
    return [one for chunk in follower.poll(now) for one in chunk.data.splitlines()]


def test_the_hole_that_copytruncate_leaves_to_a_writer_that_does_not_append(tmp_path: Path) -> None:
    log, losses = tmp_path / "a.log", Losses()
    with log.open("wb", buffering=0) as writer:  # as a server does that keeps its own offset
        writer.write(b"one\n" * (HOLE // 4))
        follower = Follower([str(log)], 2000, begin_at_end=False, losses=losses)
        assert len(lines_of(follower, 1.0)) == HOLE // 4
        (tmp_path / "a.log.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)
        assert lines_of(follower, 2.0) == []
        writer.write(b"two\nthree\n")
        assert log.stat().st_size == HOLE + 10
        assert lines_of(follower, 3.0) == [b"two", b"three"]
        writer.write(b"four\n")
        assert lines_of(follower, 4.0) == [b"four"]
    follower.close()
    assert losses.counts[Loss.NUL] == 1


@pytest.mark.parametrize("behind", [b"two\n", b"\ntwo\n"])
def test_the_nul_bytes_of_a_crash_hide_no_line(tmp_path: Path, behind: bytes) -> None:
    log, losses = tmp_path / "a.log", Losses()
    log.write_bytes(b"one\n" + bytes(5000))
    follower = Follower([str(log)], 2000, begin_at_end=False, losses=losses)
    assert lines_of(follower, 1.0) == [b"one"]
    with log.open("ab") as writer:
        writer.write(behind)
    assert [one for one in lines_of(follower, 2.0) if one] == [b"two"]
    follower.close()
    assert losses.counts[Loss.NUL] == 1


@pytest.mark.parametrize("rest", [0.2, 2 * LINGER])
def test_a_line_of_a_deleted_file_that_no_descriptor_was_left_for_is_told(tmp_path: Path, rest: float) -> None:
    files, losses = [tmp_path / f"channel{number}.log" for number in range(20)], Losses()
    for file in files:
        file.write_bytes(b"one of %b\n" % file.name.encode())
    follower = Follower(
        [str(tmp_path / "*.log")], 2000, begin_at_end=False, losses=losses, descriptors=Descriptors(Quota(1))
    )
    assert len(lines_of(follower, 1.0)) == 20
    assert lines_of(follower, 1.0 + rest) == []
    for file in files:
        with file.open("ab") as writer:
            writer.write(b"two of %b\n" % file.name.encode())
        file.unlink()
    read = [line for wait in (0.2, 0.4, LINGER + 1) for line in lines_of(follower, 1.0 + rest + wait)]
    follower.close()
    assert len(read) == LEAST
    assert losses.counts == {Loss.VANISHED: 20 - LEAST}


def test_an_unread_log_is_not_found_in_the_log_of_another_server(tmp_path: Path) -> None:
    for folder in ("ott", "other"):
        (tmp_path / folder).mkdir()
    log, other = tmp_path / "ott/access.log", tmp_path / "other/access.log"
    other.write_bytes(b"alien\n")
    log.write_bytes(b"one\n")
    # The log of before was deleted, and its inode given to the other server's.
    status = other.stat()
    known = [Position(str(log), status.st_dev, status.st_ino, 0, fingerprint(b""), 0)]
    follower = Follower([str(log)], 2000, begin_at_end=False, known=known, looked_at=1.0)
    assert lines_of(follower, 1.0) == [b"one"]
    follower.close()


@pytest.mark.parametrize(("edited", "losses"), [(True, 1), (False, 0)])
def test_a_log_of_which_every_line_was_edited_is_said(edge: Edge, edited: bool, losses: int) -> None:
    edge.second = 2000.0
    edge.write(*(line(number, f"v{number}") for number in range(0, 1000, 100)))
    edge.start()
    edge.await_lines(10)
    new = edge.log.with_name("new")
    if edited:
        new.write_bytes(edge.log.read_bytes().replace(b"player", b"Player"))
    else:  # deleted, and begun again
        new.write_bytes(line(1000, "aa") + line(1001, "bb"))
    new.replace(edge.log)
    figures = edge.await_lines(20 if edited else 12)
    assert figures["log_losses_total{rewritten}"] == losses


def earlier(content: bytes, version: int) -> bytes:
    """Return a state as an earlier version stored it."""
    body = content[:-32]
    text, newline, table = body.partition(b"\n")
    header: dict[str, Any] = json.loads(text)
    header["version"] = version
    header["counters"]["rungs"] = header["counters"].pop("identity_sources")
    if version == 2:
        known = ("path", "device", "inode", "offset", "fingerprint", "fingerprint_length", "skipping", "state")
        header["positions"] = [{name: one[name] for name in known} for one in header["positions"]]
        del header["losses"], header["last_losses"]
    return checkpoint.sealed(json.dumps(header).encode() + newline + table)


@pytest.mark.parametrize("version", [2, 3])
def test_the_state_of_an_earlier_version_is_read_on(edge: Edge, version: int) -> None:
    edge.write(line(1, "aa"), line(2, "bb"))
    edge.start()
    edge.await_lines(2)
    edge.stop()
    file = edge.state / "edge_log_ott.state"
    file.write_bytes(earlier(file.read_bytes(), version))
    edge.write(line(3, "cc"))
    edge.start()
    figures = edge.await_lines(3)
    assert (figures["log_lines_total{}"], figures["sessions{hls}"]) == (3, 3)
    assert figures["identity_requests_total{token}"] == 3


def test_the_state_of_a_later_version_is_refused(edge: Edge) -> None:
    edge.write(line(1, "aa"))
    edge.start()
    edge.await_lines(1)
    edge.stop()
    content = (edge.state / "edge_log_ott.state").read_bytes()
    with pytest.raises(ValueError, match="is of version 99, not 4"):
        checkpoint.decode(earlier(content, 99))


def test_a_state_that_cannot_be_stored_keeps_no_figures_from_being_shown(edge: Edge) -> None:
    """The disk of logs and state is full: just then the figures are wanted."""
    edge.keys = {"checkpoint_interval": "100ms"}
    edge.write(line(1, "v1"))
    edge.start()
    assert edge.await_lines(1)["log_losses_total{unstored}"] == 0
    away = edge.folder / "away"
    edge.state.rename(away)
    edge.state.write_text("not a folder")
    for count in (2, 3, 4):
        edge.second += 1
        edge.write(line(count, f"v{count}"))
        assert edge.await_lines(count)["viewers{}"] == count
    figures = until(lambda: figures if (figures := edge.figures())["log_losses_total{unstored}"] else None)
    assert figures["log_losses_total{unstored}"] == 1
    edge.stop()  # which cannot store it either
    edge.state.unlink()
    away.rename(edge.state)
    edge.start()
    assert edge.await_lines(4)["viewers{}"] == 4


def test_a_first_state_that_cannot_be_stored_is_a_failure_that_names_the_file(edge: Edge) -> None:
    edge.write(line(1, "v1"))
    edge.state.mkdir()
    checkpoint.secret(edge.state / "edge_log.key")
    (edge.state / "edge_log_ott.new").mkdir()
    edge.start()
    assert "Is a directory" in edge.await_failure("edge_log_ott.state")
    (edge.state / "edge_log_ott.new").rmdir()
    assert edge.await_lines(1)["viewers{}"] == 1
