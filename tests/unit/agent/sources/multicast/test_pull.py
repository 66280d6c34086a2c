"""Bytes of a connection: their packets, and when they are judged."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settings import AgentSettings, converter
from agent.sources.multicast.framer import Framer
from agent.sources.multicast.notes import notes
from agent.sources.multicast.pull import BUFFER, DATAGRAM, Waiting, datagrams
from agent.sources.multicast.settings import MulticastSettings
from service.settings import SettingsError, structure

PACKETS = b"".join(b"\x47" + bytes([number]) * 187 for number in range(1, 60) if number != 0x47)


def framed(*pieces: bytes) -> bytes:
    framer = Framer()
    return b"".join(framer.feed(piece) for piece in pieces)


@given(st.lists(st.integers(0, len(PACKETS)), max_size=8), st.integers(0, 187))
def test_packets_are_found_from_any_byte_on_and_in_any_pieces(cuts: list[int], begin: int) -> None:
    bounds = [begin, *sorted(cut for cut in cuts if cut > begin), len(PACKETS)]
    pieces = [PACKETS[first:last] for first, last in pairwise(bounds)]
    assert framed(*pieces) == PACKETS[188 if begin else 0 :]


@given(st.integers(10 * 188 + 1, 11 * 188 - 1), st.integers(1, 187))
def test_a_loss_of_bytes_shows_by_two_packets_and_is_over_with_the_next(at: int, missing: int) -> None:
    found = framed(PACKETS[:at] + PACKETS[at + missing :])
    syncs = found[::188]
    assert 2 <= len(syncs) - syncs.count(0x47) <= 3
    assert found.endswith(PACKETS[-40 * 188 :])


def test_a_single_wrong_sync_byte_is_no_reason_to_look_elsewhere() -> None:
    wrong = bytearray(PACKETS)
    wrong[20 * 188] = wrong[30 * 188] = 0
    assert framed(bytes(wrong)) == bytes(wrong)


def test_what_is_no_stream_is_counted_and_not_kept() -> None:
    framer = Framer()
    assert not any(framer.feed(b"<html>G" * 1000) for _ in range(100))
    assert framer.unknown > 690_000


def test_a_burst_is_spread_over_the_time_since_the_last_and_judged_a_second_later() -> None:
    waiting = Waiting(100.0)
    for moment in (100.5, 101.0, 101.5):
        waiting.put(bytes(DATAGRAM * 5), moment, lambda: False)
    assert datagrams([(3, waiting.take(101.0))], 0.0) is None
    moments: list[float] = []
    now = 101.0
    while now < 103.0:
        now += 0.2
        due = datagrams([(3, waiting.take(now))], 0.0)
        if due is not None:
            assert (due.arrived <= now).all()
            assert due.channel.tolist() == [3] * len(due.arrived)
            assert due.length.tolist() == [DATAGRAM] * len(due.arrived)
            moments += due.arrived.tolist()
    assert moments == pytest.approx([100.0 + BUFFER + 0.1 * number for number in range(1, 16)])


def test_after_a_long_pause_nothing_is_judged_in_the_past() -> None:
    waiting = Waiting(100.0)
    waiting.put(bytes(DATAGRAM * 4), 130.0, lambda: False)
    assert waiting.take(129.9) == []
    (rows,) = waiting.take(140.0)
    assert rows.moments.min() >= 130.0


def test_a_server_that_sends_too_fast_waits_until_the_probe_is_told_to_stop() -> None:
    waiting, asked = Waiting(0.0), []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 3

    for _ in range(3):
        waiting.put(bytes(DATAGRAM * 4000), 1.0, stopped)
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ('url = "ftp://a/b"', "url must be an address such as"),
        ('url = "srt://a"', "url must be an address such as"),
        ('url = "http://"', "url must be an address such as"),
        ('url = "http://a b/c"', "url must be an address such as"),
        ('url = "http://a/b"\naddress = "239.1.1.1:5000"', "url stands alone"),
        ("", "address or url is missing; add one of them"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(table: str, fault: str) -> None:
    data = tomllib.loads(f'[[multicast]]\nchannel = "first"\n{table}\n')
    with pytest.raises(SettingsError, match=fault):
        structure(data, AgentSettings, Path("agent.toml"), converter())


def test_a_program_that_is_missing_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (note,) = notes(MulticastSettings("first", url="srt://a:9000"))
    assert "install Debian's package srt-tools" in note
    assert not list(notes(MulticastSettings("first", url="http://a/b")))
