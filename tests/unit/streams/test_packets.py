"""The transport stream checker against ISO/IEC 13818-1 and against streams with known answers."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.transport.packets import NULL_PID, Findings, Loss, TransportChecker
from tests.unit.streams.packets import packet, run


def check(*pieces: bytes) -> Findings:
    checker = TransportChecker()
    for piece in pieces:
        checker.feed(piece)
    return checker.findings()


def test_a_whole_stream_has_no_faults() -> None:
    stream = b"".join(packet(0x100, n) + packet(0x101, n + 5) for n in range(40))
    assert check(stream) == Findings(80, 0, 0, 0, None, 0)


def test_a_lost_packet_is_a_loss_with_its_place_and_size() -> None:
    findings = check(run(0x100, 14, 4) + run(0x100, 5, 3))  # 14 15 0 1 | 5 6 7
    assert (findings.losses, findings.first_loss) == (1, Loss(4, 0x100, 3))


def test_another_pid_does_not_disturb_a_counter() -> None:
    assert check(packet(1, 3) + packet(2, 9) + packet(1, 4) + packet(2, 10)).losses == 0


def test_a_packet_may_come_twice_but_not_three_times() -> None:
    assert check(packet(1, 3) * 2 + packet(1, 4)).losses == 0
    assert check(packet(1, 3) * 3 + packet(1, 4)).losses == 1
    assert check(packet(1, 3) * 2 + packet(1, 4) * 2).losses == 0


def test_a_counter_stands_still_without_a_payload() -> None:
    assert check(packet(1, 3) + packet(1, 3, payload=False) + packet(1, 4)).losses == 0
    assert check(packet(1, 3) + packet(1, 4, payload=False)).losses == 1


def test_an_announced_discontinuity_is_no_loss() -> None:
    assert check(packet(1, 3) + packet(1, 9, discontinuity=True) + packet(1, 10)).losses == 0
    assert check(packet(1, 3) + packet(1, 9, discontinuity=False) + packet(1, 10)).losses == 1


def test_counters_of_null_packets_mean_nothing() -> None:
    assert check(packet(NULL_PID, 3) + packet(NULL_PID, 3) + packet(NULL_PID, 9)).losses == 0


def test_a_damaged_packet_is_counted_and_not_believed() -> None:
    # Its PID and counter may be wrong; the packet after it shows whether one of PID 1 is missing.
    findings = check(packet(1, 3) + packet(1, 4, damaged=True) + packet(1, 5))
    assert (findings.damaged, findings.losses) == (1, 1)
    assert check(packet(1, 3) + packet(7, 9, damaged=True) + packet(1, 4)).losses == 0


def test_sync_is_found_again_after_bytes_went_missing() -> None:
    stream = run(1, 0, 10) + packet(1, 10)[:100] + run(1, 11, 10)
    findings = check(stream)
    # The torn packet passes for one, because its own sync byte is right, and takes the head of the next with it.
    assert findings == Findings(20, 1, 0, 1, Loss(11, 1, 1), 0)


def test_what_is_no_transport_stream_has_no_packet() -> None:
    page = b"<html><body>Gateway time-out</body></html>" * 50
    assert check(page).packets == 0
    assert check(page).sync_losses == 1


def test_a_truncated_stream_has_a_rest() -> None:
    assert check(run(1, 0, 3)[:-60]).rest == 128


@given(st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=5))
def test_any_bytes_in_any_pieces_give_the_same_findings(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    assert check(*(data[a:b] for a, b in pairwise(edges))) == check(data)


@given(st.lists(st.tuples(st.sampled_from([1, 2, NULL_PID]), st.integers(1, 30)), max_size=30), st.data())
def test_each_loss_of_one_to_fourteen_packets_is_found(runs: list[tuple[int, int]], data: st.DataObject) -> None:
    counters = {1: 0, 2: 0, NULL_PID: 0}
    begun: set[int] = set()
    stream, losses = [], 0
    for pid, length in runs:
        lost = data.draw(st.integers(0, 14))
        losses += lost > 0 and pid != NULL_PID and pid in begun
        begun.add(pid)
        counters[pid] += lost
        stream.append(run(pid, counters[pid], length))
        counters[pid] += length
    assert check(b"".join(stream)).losses == losses


@pytest.mark.parametrize(
    ("name", "packets", "losses"),
    [("test-012.ts", 1987, 0), ("test-018.ts", 100, 0), ("test-024.ts", 33, 2)],
)
def test_streams_of_others_give_their_answers(shared: Path, name: str, packets: int, losses: int) -> None:
    findings = check((shared / "data/ts/tsduck" / name).read_bytes())
    assert (findings.packets, findings.sync_losses, findings.damaged, findings.losses) == (packets, 0, 0, losses)


def test_the_places_of_the_losses_are_those_of_the_answer(shared: Path) -> None:
    data = (shared / "data/ts/tsduck/test-024.ts").read_bytes()
    assert check(data).first_loss == Loss(10, 210, 3)
    assert check(data[11 * 188 :]).first_loss == Loss(9, 210, 7)  # packet 20 of the whole
