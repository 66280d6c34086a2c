"""An independent reading of transport streams: it shares no code with what the packager writes."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Stream:
    """What a transport stream holds, as a receiver sees it."""

    lost: list[tuple[int, int]] = field(default_factory=list)  # (packet index, packets missing before it)
    pids: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    programs: dict[int, int] = field(default_factory=dict)  # program -> PID of its map
    streams: dict[int, int] = field(default_factory=dict)  # PID -> stream type
    clocks: list[tuple[int, int]] = field(default_factory=list)  # (packet index, PCR in 27 MHz ticks)
    pictures: list[tuple[int, int, bytes]] = field(default_factory=list)  # (packet index, PTS, elementary stream)
    packets: int = 0


def read(data: bytes) -> Stream:
    """Read a whole stream; raise AssertionError where ISO/IEC 13818-1 is broken, but only list what is lost."""
    assert len(data) % 188 == 0, "a truncated packet"
    receiver = Receiver()
    for offset in range(0, len(data), 188):
        receiver.take(data[offset : offset + 188])
    for opened in receiver.open_pes.values():
        receiver.close(opened)
    return receiver.stream


class Receiver:
    """What a receiver remembers from packet to packet."""

    def __init__(self) -> None:
        self.stream = Stream()
        self.counters: dict[int, int] = {}
        self.open_pes: dict[int, tuple[int, bytearray]] = {}

    def take(self, packet: bytes) -> None:
        stream, index = self.stream, self.stream.packets
        assert packet[0] == 0x47, f"packet {index} has no sync byte"
        assert not packet[1] & 0x80, f"packet {index} is marked as damaged"
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        stream.packets += 1
        stream.pids[pid] += 1
        if pid == 0x1FFF:
            return
        self.count(index, pid, packet[3])
        self.dispatch(index, pid, bool(packet[1] & 0x40), self.payload(index, packet))

    def count(self, index: int, pid: int, control: int) -> None:
        if pid in self.counters and control & 0x10:
            missing = (control - self.counters[pid] - 1) % 16
            if missing not in (0, 15):  # a packet may be sent twice (2.4.3.3); then its counter stays
                self.stream.lost.append((index, missing))
        self.counters[pid] = control & 15

    def payload(self, index: int, packet: bytes) -> bytes:
        start = 4
        if packet[3] & 0x20:
            start = 5 + packet[4]
            assert start <= 188, f"packet {index} has too long an adaptation field"
            if packet[4] and packet[5] & 0x10:
                base = int.from_bytes(packet[6:11], "big") >> 7
                self.stream.clocks.append((index, base * 300 + ((packet[10] & 1) << 8 | packet[11])))
        return packet[start:] if packet[3] & 0x10 else b""

    def dispatch(self, index: int, pid: int, opening: bool, payload: bytes) -> None:
        if pid == 0 and opening:
            self.programs(_section(payload, 0x00))
        elif pid in self.stream.programs.values() and opening:
            self.streams(_section(payload, 0x02))
        elif pid in self.stream.streams and opening:
            if pid in self.open_pes:
                self.close(self.open_pes[pid])
            self.open_pes[pid] = (index, bytearray(payload))
        elif pid in self.open_pes:
            self.open_pes[pid][1].extend(payload)

    def programs(self, section: bytes) -> None:
        for place in range(0, len(section), 4):
            program = int.from_bytes(section[place : place + 2], "big")
            self.stream.programs[program] = int.from_bytes(section[place + 2 : place + 4], "big") & 0x1FFF

    def streams(self, section: bytes) -> None:
        place = 4 + (int.from_bytes(section[2:4], "big") & 0x0FFF)
        while place < len(section):
            self.stream.streams[int.from_bytes(section[place + 1 : place + 3], "big") & 0x1FFF] = section[place]
            place += 5 + (int.from_bytes(section[place + 3 : place + 5], "big") & 0x0FFF)

    def close(self, opened: tuple[int, bytearray]) -> None:
        index, pes = opened
        assert pes[:3] == b"\x00\x00\x01", f"packet {index} opens no PES packet"
        assert pes[7] & 0x80, f"packet {index} has no PTS"
        stamp = pes[9:14]
        assert [stamp[0] >> 4, stamp[0] & 1, stamp[2] & 1, stamp[4] & 1] == [2, 1, 1, 1], "marker bits"
        pts = (stamp[0] >> 1 & 7) << 30 | stamp[1] << 22 | (stamp[2] >> 1) << 15 | stamp[3] << 7 | stamp[4] >> 1
        self.stream.pictures.append((index, pts, bytes(pes[9 + pes[8] :])))


def _section(payload: bytes, table: int) -> bytes:
    section = payload[1 + payload[0] :]
    assert section[0] == table
    length = int.from_bytes(section[1:3], "big") & 0x0FFF
    section = section[: 3 + length]
    remainder = 0xFFFFFFFF
    for bit in "".join(f"{byte:08b}" for byte in section):
        top, remainder = remainder >> 31, remainder << 1 & 0xFFFFFFFF
        remainder ^= 0x04C11DB7 if top ^ int(bit) else 0
    assert remainder == 0, f"table {table} has a wrong checksum"
    return section[8:-4]


def units(elementary: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an access unit, without their start codes and without escaping."""
    for unit in elementary.split(b"\x00\x00\x01")[1:]:
        yield unit.rstrip(b"\x00").replace(b"\x00\x00\x03", b"\x00\x00")


class BitReader:
    """Bits of an RBSP from the left."""

    def __init__(self, data: bytes) -> None:
        self.bits, self.place = "".join(f"{byte:08b}" for byte in data), 0

    def u(self, width: int) -> int:
        self.place += width
        return int(self.bits[self.place - width : self.place], 2)

    def ue(self) -> int:
        zeros = self.bits.index("1", self.place) - self.place
        self.place += zeros
        return self.u(zeros + 1) - 1
