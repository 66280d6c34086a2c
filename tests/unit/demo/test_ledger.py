"""The viewers' own account, counted by the published definition."""

from pathlib import Path

import pytest

from demo.platform.ledger import LedgerWriter, Received, Stalled, audience, bytes_received, read, read_stalls

IDLE = 30.0


def entry(time: float, token: str = "a", channel: str = "kino", *, edge: str = "edge-1", status: int = 200) -> Received:
    return Received(time, edge, token, channel, status, 100)


@pytest.mark.parametrize(
    ("entries", "sessions", "viewers"),
    [
        pytest.param([], 0, 0, id="nobody"),
        pytest.param([entry(100.0)], 1, 1, id="a request at the instant itself counts"),
        pytest.param([entry(100.001)], 0, 0, id="a later one does not"),
        pytest.param([entry(70.0)], 0, 0, id="exactly the idle timeout ago is over"),
        pytest.param([entry(70.001)], 1, 1, id="just inside the idle timeout"),
        pytest.param([entry(90), entry(95)], 1, 1, id="two requests of one session"),
        pytest.param([entry(90), entry(95, channel="music")], 2, 1, id="one viewer on two channels"),
        pytest.param([entry(90), entry(95, "b")], 2, 2, id="two viewers on one channel"),
        pytest.param([entry(90), entry(95, edge="edge-2")], 2, 2, id="on two edges it counts on both"),
        pytest.param([entry(90, status=404)], 0, 0, id="an error makes no session"),
        pytest.param([entry(90, status=304), entry(90, "b", status=206)], 2, 2, id="unchanged and partial do"),
    ],
)
def test_who_is_there(entries: list[Received], sessions: int, viewers: int) -> None:
    found = audience(entries, 100.0, IDLE)
    assert (found.sessions, found.viewers) == (sessions, viewers)
    assert sum(found.channels.values()) == sessions


def test_bytes_count_whatever_the_status_and_each_window_once() -> None:
    entries = [entry(10), entry(20, status=404), entry(30)]
    assert bytes_received(entries, 10, 20) == 100
    assert bytes_received(entries, 20, 30) == 100
    assert bytes_received(entries, 0, 30) == 300


def test_a_ledger_is_read_back_without_its_unfinished_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    written = [entry(1_795_000_000.125), entry(1_795_000_001.5, "b", "music", status=404)]
    with path.open("w", encoding="ascii", newline="") as file:
        writer = LedgerWriter(file, file, file)
        for one in written:
            writer.add(one)
        file.write("1795000002.000,edge-1,c,ki")
    assert list(read(path)) == written


def test_stalls_are_read_back_but_those_too_short_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "stalls.csv"
    long = Stalled(1_795_000_000.125, 1_795_000_004.5, "edge-1", "kino", reported=True)
    left = long._replace(channel="music", reported=False)
    with path.open("w", encoding="ascii", newline="") as file:
        writer = LedgerWriter(file, file, file)
        for one in (long, long._replace(end=long.begin + 0.125), left):
            writer.add_stall(one)
        file.write("1795000002.000,17950")

    assert list(read_stalls(path)) == [long, left]
    assert long.seconds == 4.375
