"""Availability, the delay factor, synchronisation and the settings."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settings import AgentSettings, converter
from agent.sources.multicast import figures, metrics
from agent.sources.multicast.availability import Availability, Second
from agent.sources.multicast.delivery import delay_factor
from agent.sources.multicast.synchronisation import Synchronisation
from agent.transport.programs import Elementary, Program
from service.settings import SettingsError, structure
from tests.contract.multicast.streams import PACKET, Probe

GOOD, LOSSY, GONE = Second(5000), Second(5000, 5), Second()


def seconds(*runs: tuple[Second, int]) -> Availability:
    availability = Availability()
    for second, count in runs:
        for _ in range(count):
            availability.take(second)
    return availability


@pytest.mark.parametrize(
    ("runs", "errored", "severe", "unavailable"),
    [
        ([(GOOD, 60)], 0, 0, 0),
        ([(GOOD, 5), (LOSSY, 3), (GOOD, 5)], 3, 0, 0),
        ([(GOOD, 5), (GONE, 9), (GOOD, 5)], 9, 9, 0),
        ([(GOOD, 5), (GONE, 10), (GOOD, 9)], 10, 10, 10),
        ([(GOOD, 5), (GONE, 10), (GOOD, 20)], 10, 10, 10),
        ([(GOOD, 5), (GONE, 10), (GOOD, 9), (GONE, 1), (GOOD, 30)], 11, 11, 20),
        ([(GONE, 25)], 25, 25, 25),
    ],
)
def test_seconds_count_by_the_report(
    runs: list[tuple[Second, int]], errored: int, severe: int, unavailable: int
) -> None:
    found = seconds(*runs)

    assert (found.errored, found.severe, found.unavailable) == (errored, severe, unavailable)


@given(st.lists(st.sampled_from([GOOD, LOSSY, GONE]), max_size=200))
def test_counts_only_rise_and_fit_each_other(states: list[Second]) -> None:
    availability, before = Availability(), 0
    for second in states:
        availability.take(second)
        assert availability.unavailable >= before
        before = availability.unavailable
    assert availability.seconds == len(states)
    assert availability.severe <= availability.errored <= len(states)
    assert availability.unavailable <= len(states)


def test_an_even_stream_has_the_delay_factor_of_one_datagram() -> None:
    """1,316 bytes at 1,000,000 bytes a second are 1.316 ms."""
    arrived = np.arange(760) * 1316 / 1e6

    assert delay_factor(arrived, np.full(760, 1316), 1e6) == pytest.approx(0.001316)


def test_a_pause_and_a_burst_show_with_their_length() -> None:
    arrived = np.arange(760) * 1316 / 1e6
    arrived[400:450] = arrived[450]  # fifty datagrams come together, late

    assert delay_factor(arrived, np.full(760, 1316), 1e6) == pytest.approx(51 * 0.001316, rel=0.01)


def test_no_figure_without_datagrams() -> None:
    assert delay_factor(np.array([1.0]), np.array([1316]), 1e6) is None


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 7))
def test_synchronisation_does_not_depend_on_where_turns_end(good: list[bool], size: int) -> None:
    whole, parts = Synchronisation(), Synchronisation()

    at_once = whole.take(np.array(good, np.bool_))
    piecewise = [parts.take(np.array(good[at : at + size], np.bool_)) for at in range(0, len(good), size)]

    assert [usable for found, _, _ in piecewise for usable in found.tolist()] == at_once[0].tolist()
    assert sum(wrong for _, wrong, _ in piecewise) == at_once[1]
    assert sum(losses for _, _, losses in piecewise) == at_once[2]


@given(st.lists(st.binary(min_size=0, max_size=1316), min_size=1, max_size=12), st.booleans())
def test_no_bytes_from_the_network_end_the_analysis(datagrams: list[bytes], sync: bool) -> None:
    probe = Probe()
    shaped = [
        b"".join(b"\x47" + data[at + 1 : at + 188].ljust(187, b"\0") for at in range(0, len(data), 188))
        if sync
        else data
        for data in datagrams
    ]

    probe.give([(0.01 * number, data) for number, data in enumerate(shaped * 3)])
    probe.analysis.tick(0.5)

    assert probe.channel.datagrams == 3 * len(datagrams)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"address": "239.0.0.1"}, 'address must be "GROUP:PORT" in numbers'),
        ({"address": "head-end.example:5000"}, 'address must be "GROUP:PORT" in numbers'),
        ({"address": "239.0.0.1:70000"}, 'address must be "GROUP:PORT" in numbers'),
        ({"address": "239.0.0.300:5000"}, 'address must be "GROUP:PORT" in numbers'),
        ({"source": "somewhere"}, "source must be the address of the sender"),
        ({"source": "fd00::1"}, "source must be a unicast address of IPv4"),
        ({"address": "10.0.0.1:5000", "source": "10.0.0.5"}, "source is for a multicast group"),
        ({"interface": "eth 0"}, "interface must be the name of a network interface"),
        ({"pid_timeout": "0s"}, "pid_timeout must be between"),
        ({"channel": ""}, "channel must be a name"),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(table: dict[str, str], sentence: str) -> None:
    data = {"multicast": [{"channel": "first", "address": "239.0.0.1:5000", **table}]}

    with pytest.raises(SettingsError, match="multicast") as raised:
        structure(data, AgentSettings, Path("agent.toml"), converter())

    assert sentence in str(raised.value)


def test_two_channels_with_one_address_are_refused() -> None:
    tables = [{"channel": name, "address": "239.0.0.1:5000"} for name in ("one", "two")]

    with pytest.raises(SettingsError, match='"one" and "two" have the same address'):
        structure({"multicast": tables}, AgentSettings, Path("agent.toml"), converter())


def test_a_pid_is_told_once_and_of_too_many_the_first() -> None:
    probe = Probe()
    tables = probe.channel.tables
    sound = Elementary(300, 0x0F, "audio", "AAC", "kaz")
    tables.programs = {
        1: Program(1, 300, (sound, sound)),
        2: Program(2, 300, tuple(sound._replace(pid=pid) for pid in range(1000, 1200))),
    }
    probe.feed([b"\x47\x1f\xff\x10".ljust(PACKET, b"\xff")] * 70)

    told = list(figures.samples(probe.channel, 0, probe.analysis.pids, 0.0))

    pids = [sample.labels[1] for sample in told if sample.metric is metrics.TS_PID_INFO]
    assert len(pids) == len(set(pids)) == 128
    assert pids[0] == "300"
    assert ("first", "too_many_pids") in [sample.labels for sample in told if sample.metric is metrics.TS_NOT_JUDGED]
