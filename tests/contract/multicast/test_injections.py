"""Each fault of the table raises its indicators and no others, within a second; the clean stream raises none."""

import pytest

from agent.sources.multicast.indicators import Indicator
from agent.transport.packets import NULL_PID
from tests.contract.multicast.injections import ALL, AT, SECOND, Injection, clocks, edit, shifted
from tests.contract.multicast.streams import IN_DATAGRAM, RATE, VIDEO, Packets, Probe, pid_of


def test_there_are_sixty_faults_and_every_indicator_is_among_them() -> None:
    assert len(ALL) >= 60
    assert len({name for injection in ALL for name in injection.raised}) == 13


@pytest.mark.parametrize("injection", ALL, ids=lambda injection: injection.name)
def test_a_fault_raises_its_indicators_only(clean: Packets, injection: Injection) -> None:
    probe = Probe()
    packets = injection.apply(clean)
    assert injection.raised == {} or packets != clean

    probe.feed(packets)

    assert probe.errors() == injection.raised
    assert probe.channel.is_up
    assert [indicator.title for indicator in Indicator if probe.channel.indicators.active(indicator)] == []


@pytest.mark.parametrize("injection", [found for found in ALL if found.raised], ids=lambda injection: injection.name)
def test_a_fault_is_noticed_within_a_second_of_its_limit(clean: Packets, injection: Injection) -> None:
    """Half a second to five are the limits themselves; 1 s, the window of the clock, and a turn come on top."""
    limit = {"PID_error": 5.0, "CAT_error": 1.0, "PTS_error": 0.7, "PAT_error": 0.5, "PMT_error": 0.5}
    probe = Probe()
    packets = injection.apply(clean)
    wait = max(limit.get(name, 0.0) for name in injection.raised) + 1.2

    probe.feed(packets[: AT + int(wait * SECOND) // IN_DATAGRAM * IN_DATAGRAM])

    assert set(probe.errors()) == set(injection.raised)


def test_rate_and_accuracy_of_the_clean_stream_are_exact(clean: Packets) -> None:
    probe = Probe()

    probe.feed(clean)

    figures = probe.channel.clocks[0x100].figures
    assert figures.bit_rate == pytest.approx(RATE, abs=1e-3)
    assert figures.accuracy == pytest.approx(0.0, abs=1e-12)
    assert probe.channel.availability.errored == 0


@pytest.mark.parametrize("within_turn", range(0, 38, 5))
def test_a_lost_datagram_moves_no_clock_from_its_place(clean: Packets, within_turn: int) -> None:
    """What follows a loss in the same turn is not held against what came before it; only a payload has a counter."""
    probe = Probe()
    begin = AT // IN_DATAGRAM + within_turn
    carrying = (
        number
        for number in range(begin, begin + 38)
        if any(
            pid_of(packet) == VIDEO and packet[3] & 0x10
            for packet in clean[number * IN_DATAGRAM : (number + 1) * IN_DATAGRAM]
        )
    )

    probe.feed(clean, lost=[next(carrying)])

    assert set(probe.errors()) == {"Continuity_count_error"}


@pytest.mark.parametrize("rtp", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_a_loss_that_no_counter_tells_makes_no_clock_inaccurate(clean: Packets, rtp: bool, count: int) -> None:
    """The numbers of RTP tell it; without them all references behind it are out by whole packets."""
    probe = Probe(rtp=rtp)

    probe.feed(clean, lost=without_counter(clean, count))

    assert probe.errors() == {}
    assert probe.channel.missing == 0


def test_a_datagram_that_comes_twice_makes_no_clock_inaccurate(clean: Packets) -> None:
    (place,) = without_counter(clean, 1)
    datagram = clean[place * IN_DATAGRAM : (place + 1) * IN_DATAGRAM]
    end = (place + 1) * IN_DATAGRAM
    probe = Probe()

    probe.feed(clean[:end] + datagram + clean[end:])

    assert probe.errors() == {}


def test_an_inaccurate_clock_is_found_beside_such_losses(clean: Packets) -> None:
    """In each second after them."""
    lost = without_counter(clean, 1)
    wrong = clocks(clean, AT + 3 * SECOND)[:4]
    packets = edit(clean, wrong, lambda packet: shifted(packet, 16))
    probe = Probe()

    probe.feed(packets, lost=lost)

    assert probe.errors() == {"PCR_accuracy_error": len(wrong)}


def without_counter(packets: Packets, count: int) -> list[int]:
    """Return datagrams of null packets alone, a fifth of a second apart."""
    found = []
    step, due = SECOND // IN_DATAGRAM // 5, AT // IN_DATAGRAM
    for number in range(due, len(packets) // IN_DATAGRAM):
        datagram = packets[number * IN_DATAGRAM : (number + 1) * IN_DATAGRAM]
        if number >= due and all(pid_of(packet) == NULL_PID for packet in datagram):
            found.append(number)
            due = number + step
    return found[:count]
