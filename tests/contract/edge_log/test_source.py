"""The source on a real file: what a scrape shows, and what survives."""

import os
import re
import stat

import pytest

from agent.sources.edge_log import checkpoint
from agent.sources.edge_log.input.chunk import CHUNK_SIZE
from tests.contract.edge_log.conftest import Edge, line


def test_what_a_scrape_shows(edge: Edge) -> None:
    edge.write(
        line(1, "aa", "a", size=100),
        line(2, "aa", "b", size=50),
        line(3, "bb", "a"),
        line(4, "bb", "a", status=404),
        line(4, "cc", "c", status=500),
    )
    edge.second = 5
    edge.start()
    figures = edge.await_lines(5)
    assert {name: value for name, value in figures.items() if value and "duration" not in name} == {
        "sessions{hls}": 3,
        "viewers{}": 2,
        "channel_sessions{a}": 2,
        "channel_sessions{b}": 1,
        "sessions_started_total{}": 3,
        "egress_bytes_total{hls}": 180,
        "requests_total{2xx}": 3,
        "requests_total{4xx}": 1,
        "requests_total{5xx}": 1,
        "identity_requests_total{token}": 3,
        "log_lines_total{}": 5,
        "log_last_request_timestamp_seconds{}": 1769040004.0,
    }
    assert figures["request_duration_seconds{}"]["0.005"] == 0
    assert figures["request_duration_seconds{}"]["0.01"] == figures["request_duration_seconds{}"]["+Inf"] == 5
    edge.second = 31.5
    assert edge.figures()["sessions{hls}"] == 2
    edge.second = 60
    figures = edge.figures()
    assert (figures["sessions{hls}"], figures["viewers{}"], figures["sessions_ended_total{}"]) == (0, 0, 3)


def test_the_largest_channels_and_the_rest(edge: Edge) -> None:
    edge.keys = {"top_channels": 2}
    for channel, count in {"a": 5, "b": 3, "c": 2, "d": 1}.items():
        edge.write(*(line(1, f"{viewer}x", channel) for viewer in range(count)))
    edge.start()
    figures = edge.await_lines(11)
    channels = {name: value for name, value in figures.items() if name.startswith("channel")}
    assert channels == {"channel_sessions{a}": 5, "channel_sessions{b}": 3, "channel_sessions{other}": 3}


BAD = [
    b"\x00\x01\xfe\xff\x80 binary \x00\n",
    os.urandom(200).replace(b"\n", b"?") + b"\n",
    b"\n",
    line(2, "aa")[:25] + b"\n",
    line(2, "aa")[:-2] + b"\n",
    b'192.0.2.1 - - [22/Jan/2026:00:00:02 +0000] "GET /live/a/1.ts HTTP/1.1" 200 5 "-" "x"\n',
    b'{"time":"2026-01-22T00:00:02Z","status":200}\n',
    b"Jan 22 00:00:02 edge kernel: oom-killer\n",
    line(2, "aa").replace(b" 10 ", b" ten "),
    b"y" * 70_000 + b"\n",
    line(7200, "aa"),
]


def test_bad_lines_change_only_the_reject_counters(edge: Edge) -> None:
    good = [line(second, "aa") for second in range(20)]
    edge.second = 20
    edge.write(*good)
    edge.start()
    before = edge.await_lines(20)
    edge.write(*(part for bad in BAD for part in (bad, bad)))
    after = edge.await_lines(20 + 2 * len(BAD))
    changed = {name: after[name] for name in after if after[name] != before[name]}
    assert changed == {
        "log_lines_total{}": 20 + 2 * len(BAD),
        "log_rejected_lines_total{format}": 16,
        "log_rejected_lines_total{size}": 2,
        "log_rejected_lines_total{too_long}": 2,
        "log_rejected_lines_total{ahead}": 2,
    }


def test_a_missing_log_is_a_failure_with_a_reason_and_recovers(edge: Edge) -> None:
    edge.start()
    assert edge.await_failure("no such file") == f"{edge.log}: no such file"
    edge.write(line(1, "aa"))
    assert edge.await_lines(1)["viewers{}"] == 1


def test_a_restart_goes_on_with_sessions_and_counters(edge: Edge) -> None:
    edge.second = 10
    edge.write(line(1, "aa"), line(2, "bb"))
    edge.start()
    edge.await_lines(2)
    edge.stop()
    edge.write(line(11, "aa"), line(12, "cc"))
    edge.second = 20
    edge.start()
    figures = edge.await_lines(4)
    assert (figures["sessions{hls}"], figures["viewers{}"]) == (3, 3)
    assert (figures["sessions_started_total{}"], figures["egress_bytes_total{hls}"]) == (3, 40)
    edge.second = 41.5
    assert edge.figures()["sessions{hls}"] == 1
    assert edge.figures()["sessions_ended_total{}"] == 2


def test_sessions_go_on_through_a_time_that_is_read_long_after(edge: Edge) -> None:
    viewers = [f"{number:032x}" for number in range(10)]
    edge.write(*(line(1, viewer) for viewer in viewers))
    edge.start()
    edge.await_lines(10)
    edge.stop()
    # More than one chunk: the state is stored between two of them, when most of the time away is still unread.
    edge.write(*(line(second, viewer) for second in range(2, 1200) for viewer in viewers))
    assert edge.log.stat().st_size > 8 * CHUNK_SIZE
    edge.second = 1200
    edge.start()
    figures = edge.await_lines(10 * 1199)
    assert (figures["sessions{hls}"], figures["sessions_started_total{}"]) == (10, 10)


def test_several_logs_go_forward_together_when_a_long_time_away_is_read(edge: Edge) -> None:
    names = {"ott_access.log": 10, "ott_access_8080.log": 3, "ott_access_9090.log": 1}
    edge.keys = {"paths": [f"{edge.folder}/ott_access*.log"]}

    def write(name: str, seconds: range) -> None:
        with (edge.folder / name).open("ab") as file:
            for second in seconds:
                file.writelines(line(second, f"{name[11:-4]}{viewer:028x}") for viewer in range(names[name]))

    for name in names:
        write(name, range(1, 2))
    edge.start()
    edge.await_lines(sum(names.values()))
    edge.stop()
    # One of them is rotated meanwhile, and the quiet one's first chunk spans what are many of the busy one's.
    write("ott_access.log", range(2, 700))
    (edge.folder / "ott_access.log").rename(edge.folder / "ott_access.log.1")
    write("ott_access.log", range(700, 1200))
    for name in list(names)[1:]:
        write(name, range(2, 1200))
    edge.second = 1200
    edge.start()
    figures = edge.await_lines(sum(names.values()) * 1199)
    assert (figures["sessions{hls}"], figures["sessions_started_total{}"]) == (14, 14)
    assert figures["log_rejected_lines_total{format}"] == 0


def test_an_agent_killed_at_its_first_figures_knows_which_log_it_was_reading(edge: Edge) -> None:
    edge.write(line(1, "aa"))
    edge.start()
    edge.await_lines(1)
    left_by_a_kill = {file: file.read_bytes() for file in edge.state.iterdir()}
    edge.stop()
    for file, content in left_by_a_kill.items():
        file.write_bytes(content)
    edge.write(line(2, "bb"))
    edge.log.rename(f"{edge.log}.1")
    edge.write(line(3, "cc"))
    edge.second = 10
    edge.start()
    assert edge.await_lines(3)["egress_bytes_total{hls}"] == 30


def test_what_is_stored_names_no_viewer_and_is_private(edge: Edge) -> None:
    edge.write(line(1, "deadbeef"), line(1, "-").replace(b"?token=-", b""))
    edge.start()
    edge.await_lines(2)
    edge.stop()
    for file in edge.state.iterdir():
        content = file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert not re.search(rb"deadbeef|192\.0\.2\.1|player", content)
    assert {file.name for file in edge.state.iterdir()} == {"edge_log_ott.state", "edge_log.key"}


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_state_begins_anew(edge: Edge, damage: bytes | None) -> None:
    edge.write(line(1, "aa"))
    edge.start()
    edge.await_lines(1)
    edge.stop()
    file = edge.state / "edge_log_ott.state"
    content = file.read_bytes()
    file.write_bytes(content[:-5] if damage is None else damage)
    edge.start()
    assert edge.await_lines(1)["log_lines_total{}"] == 1


def test_a_checkpoint_is_what_was_stored(edge: Edge) -> None:
    edge.write(line(1, "aa"), line(2, "bb"), b"bad\n")
    edge.start()
    edge.await_lines(3)
    edge.stop()
    content = (edge.state / "edge_log_ott.state").read_bytes()
    stored = checkpoint.decode(content)
    assert checkpoint.encode(stored) == content
    assert stored.positions[0].offset == edge.log.stat().st_size
    assert (stored.counters.lines, stored.counters.rejects, len(stored.sessions.first)) == (3, {"format": 1}, 2)


def test_a_state_folder_that_cannot_be_written_is_a_failure_with_a_reason(edge: Edge) -> None:
    edge.write(line(1, "aa"))
    edge.start()
    edge.await_lines(1)
    edge.stop()
    (edge.state / "edge_log.key").unlink()
    (edge.state / "edge_log.key").mkdir()
    edge.start()
    assert "edge_log.key" in edge.await_failure("Is a directory")
