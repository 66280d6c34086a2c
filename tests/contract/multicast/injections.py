"""Faults put into a clean stream, each with the indicators of TR 101 290 that it must raise, and no others."""

from collections.abc import Callable
from typing import NamedTuple

from tests.contract.multicast.streams import AUDIO, PMT, RATE, VIDEO, Packets, pid_of
from tests.unit.streams.media import crc

PAT, CAT, NIT, SDT, EIT, TOT, NULL = 0, 1, 0x10, 0x11, 0x12, 0x14, 0x1FFF
SECOND = RATE // 8 // 188  # packets
AT = 5 * SECOND  # where the faults are: five seconds in
_SCRAMBLED = 0xC0


class Injection(NamedTuple):
    """One fault."""

    name: str
    apply: Callable[[Packets], Packets]
    raised: dict[str, int]


def nth(packets: Packets, pid: int, number: int = 0, start: int = AT) -> int:
    """Return the place of a PID's packet with a payload, counted from `start`."""
    places = (at for at in range(start, len(packets)) if pid_of(packets[at]) == pid and packets[at][3] & 0x10)
    for _ in range(number):
        next(places)
    return next(places)


def within(packets: Packets, pid: int, seconds: float, start: int = AT) -> list[int]:
    """Return the places of a PID's packets in a stretch of time."""
    return [at for at in range(start, start + int(seconds * SECOND)) if pid_of(packets[at]) == pid]


def changed(packet: bytes, **fields: int) -> bytes:
    """Return the packet with bytes changed: `b3=0x10` sets byte 3."""
    data = bytearray(packet)
    for name, value in fields.items():
        data[int(name[1:])] = value
    return bytes(data)


def edit(packets: Packets, places: list[int], change: Callable[[bytes], bytes]) -> Packets:
    """Return the packets with those at the places changed."""
    result = list(packets)
    for at in places:
        result[at] = change(result[at])
    return result


def renumbered(packets: Packets, pid: int) -> Packets:
    """Return the packets with the PID's counters in order, as a multiplexer that leaves some out writes them."""
    result, counter = list(packets), None
    for at, packet in enumerate(result):
        if pid_of(packet) != pid:
            continue
        if counter is None:
            counter = packet[3] & 15
        elif packet[3] & 0x10:
            counter = counter + 1 & 15
        result[at] = changed(packet, b3=packet[3] & 0xF0 | counter)
    return result


def nulls(packets: Packets, places: list[int]) -> Packets:
    """Return the packets with null packets at the places, so that the clock keeps its place in time."""
    null = b"\x47\x1f\xff\x10" + b"\xff" * 184
    return edit(packets, places, lambda _: null)


def silenced(pid: int, seconds: float) -> Callable[[Packets], Packets]:
    """Leave a PID out for some time, as its multiplexer does: the counters go on."""
    return lambda packets: renumbered(nulls(packets, within(packets, pid, seconds)), pid)


def lost(pid: int, *numbers: int) -> Callable[[Packets], Packets]:
    """Lose packets of a PID."""
    return lambda packets: nulls(packets, [nth(packets, pid, number) for number in numbers])


def wrong_sync(count: int) -> Callable[[Packets], Packets]:
    """Break the sync bytes of packets in a row."""
    return lambda packets: edit(packets, list(range(AT, AT + count)), lambda packet: changed(packet, b0=0x46))


def damaged(pid: int, count: int = 1) -> Callable[[Packets], Packets]:
    """Mark packets as damaged."""

    def apply(packets: Packets) -> Packets:
        places = [nth(packets, pid, number) for number in range(count)]
        return edit(packets, places, lambda packet: changed(packet, b1=packet[1] | 0x80))

    return apply


def section_packet(pid: int, table: int, *, intact: bool = True, counter: int = 0) -> bytes:
    """Return a packet with a short section in the long form."""
    body = bytes([table, 0xB0, 0x0D, 0, 1, 0xC1, 0, 0, 0, 2, 0xE0, 0x30])
    data = body + crc(body).to_bytes(4, "big")
    if not intact:
        data = data[:-1] + bytes([data[-1] ^ 1])
    return (bytes([0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10 | counter & 15, 0]) + data).ljust(188, b"\xff")


def inserted(pid: int, table: int, *, intact: bool = True) -> Callable[[Packets], Packets]:
    """Put a table in the place of a null packet."""

    def apply(packets: Packets) -> Packets:
        return edit(packets, [nth(packets, NULL)], lambda _: section_packet(pid, table, intact=intact))

    return apply


def spoiled(pid: int) -> Callable[[Packets], Packets]:
    """Change a byte inside a table of the stream."""
    return lambda packets: edit(packets, [nth(packets, pid)], lambda packet: changed(packet, b14=packet[14] ^ 0x01))


def scrambled(pid: int, seconds: float, *, with_cat: bool = False) -> Callable[[Packets], Packets]:
    """Set the scrambling bits of a PID for some time."""

    def apply(packets: Packets) -> Packets:
        result = edit(packets, within(packets, pid, seconds), lambda packet: changed(packet, b3=packet[3] | _SCRAMBLED))
        if not with_cat:
            return result
        for number in range(int(seconds * 4) + 2):
            place = nth(result, NULL, start=AT - SECOND // 4 + number * SECOND // 4)
            result[place] = section_packet(CAT, 0x01, counter=number)
        return result

    return apply


def clocks(packets: Packets, start: int = 0, seconds: float = 100) -> list[int]:
    """Return the places of the clock references."""
    end = min(len(packets), start + int(seconds * SECOND))
    return [at for at in range(start, end) if packets[at][3] & 0x20 and packets[at][4] and packets[at][5] & 0x10]


def shifted(packet: bytes, ticks: int, *, announced: bool = False) -> bytes:
    """Return the packet with its clock reference shifted."""
    field = int.from_bytes(packet[6:12], "big")
    value = ((field >> 15) * 300 + (field & 0x1FF) + ticks) % ((1 << 33) * 300)
    base, extension = divmod(value, 300)
    flags = packet[5] | (0x80 if announced else 0)
    return packet[:5] + bytes([flags]) + (base << 15 | 0x7E00 | extension).to_bytes(6, "big") + packet[12:]


def clock_off(ticks: int, count: int = 1) -> Callable[[Packets], Packets]:
    """Shift single clock references, seven apart."""

    def apply(packets: Packets) -> Packets:
        return edit(packets, clocks(packets, AT)[3 : 3 + 7 * count : 7], lambda packet: shifted(packet, ticks))

    return apply


def clock_jump(ticks: int, *, announced: bool = False) -> Callable[[Packets], Packets]:
    """Shift all clock references from a place on."""

    def apply(packets: Packets) -> Packets:
        first, *others = clocks(packets, AT)
        result = edit(packets, [first], lambda packet: shifted(packet, ticks, announced=announced))
        return edit(result, others, lambda packet: shifted(packet, ticks))

    return apply


def clock_wraps(packets: Packets) -> Packets:
    """Let the clock wrap in the middle of the stream."""
    field = int.from_bytes(packets[clocks(packets, AT)[0]][6:12], "big")
    ticks = (1 << 33) * 300 - ((field >> 15) * 300 + (field & 0x1FF)) - 27_000
    return edit(packets, clocks(packets), lambda packet: shifted(packet, ticks))


def without_clock(seconds: float) -> Callable[[Packets], Packets]:
    """Take the clock references out of their packets."""
    return lambda packets: edit(
        packets, clocks(packets, AT, seconds), lambda packet: changed(packet, b5=packet[5] & ~0x10 & 0xFF)
    )


def without_presentation_time(pid: int, seconds: float) -> Callable[[Packets], Packets]:
    """Take the presentation times out of the headers."""

    def change(packet: bytes) -> bytes:
        begin = 5 + packet[4] if packet[3] & 0x20 else 4
        if not packet[1] & 0x40:
            return packet
        return packet[: begin + 7] + bytes([packet[begin + 7] & 0x3F]) + packet[begin + 8 :]

    return lambda packets: edit(packets, within(packets, pid, seconds), change)


def repeated(pid: int, times: int) -> Callable[[Packets], Packets]:
    """Send a packet again, in the place of the null packets that follow it."""

    def apply(packets: Packets) -> Packets:
        at, free = _with_room(packets, pid, times)
        return edit(packets, free, lambda _: packets[at])

    return apply


def _with_room(packets: Packets, pid: int, count: int) -> tuple[int, list[int]]:
    """Return the place of a PID's packet, and those of as many null packets before the PID's next one."""
    at = nth(packets, pid)
    while True:
        following = nth(packets, pid, start=at + 1)
        free = [place for place in range(at + 1, following) if pid_of(packets[place]) == NULL]
        if len(free) >= count:
            return at, free[:count]
        at = following


def other_payload(packets: Packets) -> Packets:
    """Send a packet again with another payload, as two multiplexers on one PID do."""
    result = repeated(AUDIO, 1)(packets)
    place = next(at for at, (old, new) in enumerate(zip(packets, result, strict=True)) if old != new)
    result[place] = changed(result[place], b100=result[place][100] ^ 0xFF)
    return result


def announced_gap(packets: Packets) -> Packets:
    """Lose packets and say so with the discontinuity indicator of the next one."""
    result = lost(AUDIO, 0, 1)(packets)
    at = nth(result, AUDIO)
    packet = result[at]
    if packet[3] & 0x20:
        result[at] = changed(packet, b5=packet[5] | 0x80)
    else:
        result[at] = packet[:3] + bytes([packet[3] | 0x20, 1, 0x80]) + packet[6:]
    return result


def swapped(packets: Packets) -> Packets:
    """Exchange two packets of one PID."""
    result = list(packets)
    one, other = nth(packets, AUDIO, 0), nth(packets, AUDIO, 1)
    result[one], result[other] = result[other], result[one]
    return result


def random_null_counters(packets: Packets) -> Packets:
    """Give null packets any counters: they are undefined."""
    return edit(packets, within(packets, NULL, 2.0), lambda packet: changed(packet, b3=0x10 | hash(packet) & 15))


SYNC_LOSS, SYNC_BYTE = "TS_sync_loss", "Sync_byte_error"
CONTINUITY, CRC = "Continuity_count_error", "CRC_error"
PACKET_TICKS = 188 * 8 * 27_000_000 // RATE
REPETITION, JUMP, ACCURACY = "PCR_repetition_error", "PCR_discontinuity_indicator_error", "PCR_accuracy_error"

ALL = (
    Injection("one sync byte", wrong_sync(1), {SYNC_BYTE: 1}),
    Injection("two sync bytes", wrong_sync(2), {SYNC_BYTE: 2, SYNC_LOSS: 1}),
    Injection("five sync bytes", wrong_sync(5), {SYNC_BYTE: 2, SYNC_LOSS: 1}),
    Injection("forty sync bytes", wrong_sync(40), {SYNC_BYTE: 2, SYNC_LOSS: 1}),
    Injection("half a second of sync bytes", wrong_sync(SECOND // 2), {SYNC_BYTE: 2, SYNC_LOSS: 1}),
    Injection("no PAT for 0.3 s", silenced(PAT, 0.3), {}),
    Injection("no PAT for 0.7 s", silenced(PAT, 0.7), {"PAT_error": 1}),
    Injection("no PAT for 3 s", silenced(PAT, 3.0), {"PAT_error": 1}),
    Injection("another table on PID 0", inserted(PAT, 0x42), {"PAT_error": 1, CONTINUITY: 2}),
    Injection("PAT scrambled for 0.3 s", scrambled(PAT, 0.3), {"PAT_error": 3}),
    Injection("no PMT for 0.3 s", silenced(PMT, 0.3), {}),
    Injection("no PMT for 0.7 s", silenced(PMT, 0.7), {"PMT_error": 1}),
    Injection("no PMT for 3 s", silenced(PMT, 3.0), {"PMT_error": 1}),
    Injection("PMT scrambled for 0.3 s", scrambled(PMT, 0.3), {"PMT_error": 3}),
    Injection("video packet lost", lost(VIDEO, 0), {CONTINUITY: 1}),
    Injection("audio packet lost", lost(AUDIO, 0), {CONTINUITY: 1}),
    Injection("PAT packet lost", lost(PAT, 0), {CONTINUITY: 1}),
    Injection("PMT packet lost", lost(PMT, 0), {CONTINUITY: 1}),
    Injection("SDT packet lost", lost(SDT, 0), {CONTINUITY: 1}),
    Injection("three video packets lost together", lost(VIDEO, 0, 1, 2), {CONTINUITY: 1}),
    Injection("three video packets lost apart", lost(VIDEO, 0, 5, 10), {CONTINUITY: 3}),
    Injection("fifteen video packets lost", lost(VIDEO, *range(15)), {CONTINUITY: 1}),
    Injection("audio packet twice", repeated(AUDIO, 1), {}),
    Injection("audio packet three times", repeated(AUDIO, 2), {CONTINUITY: 1}),
    Injection("PAT four times", repeated(PAT, 3), {CONTINUITY: 2}),
    Injection("same counter, other payload", other_payload, {CONTINUITY: 1}),
    Injection("gap that is announced", announced_gap, {}),
    Injection("two packets exchanged", swapped, {CONTINUITY: 3}),
    Injection("null packets with any counter", random_null_counters, {}),
    Injection("no sound for 3 s", silenced(AUDIO, 3.0), {"PTS_error": 1}),
    Injection("no sound for 5.5 s", silenced(AUDIO, 5.5), {"PID_error": 1, "PTS_error": 1}),
    Injection("video packet damaged", damaged(VIDEO), {"Transport_error": 1}),
    Injection("five video packets damaged", damaged(VIDEO, 5), {"Transport_error": 5}),
    Injection("audio packet damaged", damaged(AUDIO), {"Transport_error": 1}),
    Injection("PAT packet damaged", damaged(PAT), {"Transport_error": 1}),
    Injection("null packet damaged", damaged(NULL), {"Transport_error": 1}),
    Injection("CRC of the PAT", spoiled(PAT), {CRC: 1}),
    Injection("CRC of the PMT", spoiled(PMT), {CRC: 1}),
    Injection("CRC of the SDT", spoiled(SDT), {CRC: 1}),
    Injection("CRC of a CAT", inserted(CAT, 0x01, intact=False), {CRC: 1}),
    Injection("CRC of a NIT", inserted(NIT, 0x40, intact=False), {CRC: 1}),
    Injection("CRC of an EIT", inserted(EIT, 0x4E, intact=False), {CRC: 1}),
    Injection("CRC of a TOT", inserted(TOT, 0x73, intact=False), {CRC: 1}),
    Injection("intact CAT", inserted(CAT, 0x01), {}),
    Injection("intact NIT", inserted(NIT, 0x40), {}),
    Injection("intact EIT", inserted(EIT, 0x50), {}),
    Injection("TDT, which has no CRC", inserted(TOT, 0x70, intact=False), {}),
    Injection("no clock for 60 ms", without_clock(0.06), {}),
    Injection("no clock for 150 ms", without_clock(0.15), {REPETITION: 1, JUMP: 1}),
    Injection("no clock for 1 s", without_clock(1.0), {REPETITION: 1, JUMP: 1}),
    Injection("clock a second ahead", clock_jump(27_000_000), {JUMP: 1}),
    Injection("clock a second back", clock_jump(-27_000_000), {JUMP: 1}),
    Injection("clock 20 ms back", clock_jump(-27_000 * 60), {JUMP: 1}),
    Injection("clock jump that is announced", clock_jump(27_000_000, announced=True), {}),
    Injection("clock wraps", clock_wraps, {}),
    Injection("clock 481 ns late once", clock_off(13), {}),
    Injection("clock 519 ns late once", clock_off(14), {ACCURACY: 1}),
    Injection("clock 593 ns late once", clock_off(16), {ACCURACY: 1}),
    Injection("clock 593 ns early once", clock_off(-16), {ACCURACY: 1}),
    Injection("clock late five times", clock_off(16, 5), {ACCURACY: 5}),
    Injection("clock 1 ms late once", clock_off(27_000), {ACCURACY: 1}),
    Injection("clock a packet late three times", clock_off(PACKET_TICKS, 3), {ACCURACY: 3}),
    Injection("clock seven packets early once", clock_off(-7 * PACKET_TICKS), {ACCURACY: 1}),
    Injection("no presentation time for 0.5 s", without_presentation_time(VIDEO, 0.5), {}),
    Injection("no presentation time for 1 s", without_presentation_time(VIDEO, 1.0), {"PTS_error": 1}),
    Injection("no presentation time of sound for 1.5 s", without_presentation_time(AUDIO, 1.5), {"PTS_error": 1}),
    Injection("scrambled for 0.5 s without CAT", scrambled(VIDEO, 0.5), {}),
    Injection("scrambled for 3 s without CAT", scrambled(VIDEO, 3.0), {"CAT_error": 1}),
    Injection("scrambled for 3 s with CAT", scrambled(VIDEO, 3.0, with_cat=True), {}),
    Injection("another table on PID 1", inserted(CAT, 0x42), {"CAT_error": 1}),
)
