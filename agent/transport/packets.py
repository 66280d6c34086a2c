"""Faults of an MPEG-2 transport stream (ISO/IEC 13818-1) as ETSI TR 101 290 names them: sync, continuity, damage.

The checker is fed pieces of any size, so that a segment need not be held in memory.
"""

from typing import NamedTuple, Protocol

PACKET = 188
SYNC = 0x47
NULL_PID = 0x1FFF

_PAYLOAD, _ADAPTATION, _SCRAMBLED = 0x10, 0x20, 0xC0
_ERROR_INDICATOR, _UNIT_START, _DISCONTINUITY = 0x80, 0x40, 0x80
_UNKNOWN = 0xFF  # no counter of this PID is known
# How many packets in a row must have the sync byte before a place counts as found again: one in 256 bytes has it by
# chance, five at the right distances have not.
_LOCK = 5


class Loss(NamedTuple):
    """A jump of a PID's continuity counter."""

    packet: int  # index of the packet after the loss
    pid: int
    missing: int  # packets, modulo 16


class Findings(NamedTuple):
    """What a stream has shown so far."""

    packets: int
    sync_losses: int  # times the sync byte was not where it must be
    damaged: int  # packets marked by transport_error_indicator
    losses: int
    first_loss: Loss | None
    rest: int  # bytes after the last whole packet


class Reader(Protocol):
    """What reads the content of packets; `tables` has a 1 for each PID of which it wants every packet."""

    tables: bytearray

    def read(self, pid: int, packet: bytes) -> None:
        """Take a packet of such a PID, one that begins a unit of payload, or a scrambled one."""


def payload(packet: bytes) -> bytes:
    """Return the payload of a packet; nothing where it has none or its adaptation field is longer than the packet."""
    control = packet[3]
    if not control & _PAYLOAD:
        return b""
    return packet[5 + packet[4] :] if control & _ADAPTATION else packet[4:]


def aligned(data: bytes, start: int = 0) -> tuple[int, bool]:
    """Return the next place with sync bytes in a row and True; else the place from which to look again, and False."""
    while True:
        place = data.find(SYNC, start)
        if place < 0:
            return len(data), False
        if place + (_LOCK - 1) * PACKET >= len(data):
            return place, False  # it takes more bytes to tell
        if all(data[place + step * PACKET] == SYNC for step in range(1, _LOCK)):
            return place, True
        start = place + 1


class TransportChecker:
    """Counts the faults of one stream, or of one segment: it expects nothing of a PID's first counter."""

    def __init__(self, reader: Reader | None = None) -> None:
        self._reader = reader
        self._tables = bytearray(NULL_PID + 1) if reader is None else reader.tables
        self._tail = b""
        self._locked = True
        self._packets = self._sync_losses = self._damaged = self._losses = 0
        self._first_loss: Loss | None = None
        self._counters = bytearray([_UNKNOWN]) * (NULL_PID + 1)
        self._repeats = bytearray(NULL_PID + 1)  # whether the last packet of the PID was a duplicate

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        data = self._tail + piece
        start = 0
        while True:
            if not self._locked:
                start, self._locked = aligned(data, start)
                if not self._locked:
                    break
            whole = (len(data) - start) // PACKET
            good = self._good(data, start, whole)
            self._check(data, start, good)
            start += good * PACKET
            if good == whole:
                break
            self._sync_losses += 1
            self._locked = False
        self._tail = data[start:]

    def findings(self) -> Findings:
        """Return what was found in all pieces so far."""
        return Findings(
            self._packets, self._sync_losses, self._damaged, self._losses, self._first_loss, len(self._tail)
        )

    def seen(self, pid: int) -> bool:
        """Return whether a packet of this PID came."""
        return self._counters[pid] != _UNKNOWN

    def _good(self, data: bytes, start: int, whole: int) -> int:
        """Return how many of the `whole` packets from `start` have their sync byte, up to the first that has not."""
        syncs = data[start : start + whole * PACKET : PACKET]
        return whole - len(syncs.lstrip(b"\x47"))

    def _check(self, data: bytes, start: int, count: int) -> None:
        end = start + count * PACKET
        heads = zip(
            data[start + 1 : end : PACKET],
            data[start + 2 : end : PACKET],
            data[start + 3 : end : PACKET],
            strict=True,
        )
        counters, tables, reader = self._counters, self._tables, self._reader
        for index, (high, low, control) in enumerate(heads, self._packets):
            if high & _ERROR_INDICATOR:
                # Not one bit of a damaged packet can be believed, its PID included.
                self._damaged += 1
                continue
            pid = (high & 0x1F) << 8 | low
            if reader is not None and (high & _UNIT_START or control & _SCRAMBLED or tables[pid]):
                packet = start + (index - self._packets) * PACKET
                reader.read(pid, data[packet : packet + PACKET])
            counter = control & 0x0F
            known = counters[pid]
            if control & _PAYLOAD and (known + 1) & 0x0F == counter and known != _UNKNOWN:
                counters[pid] = counter
                self._repeats[pid] = 0
            elif pid != NULL_PID:
                packet = start + (index - self._packets) * PACKET
                self._unusual(index, pid, control, data[packet + 4 : packet + 6])
        self._packets += count

    def _unusual(self, index: int, pid: int, control: int, adaptation: bytes) -> None:
        """Judge a packet whose counter is not the one after its predecessor's."""
        counter, known = control & 0x0F, self._counters[pid]
        announced = control & _ADAPTATION and adaptation[0] > 0 and adaptation[1] & _DISCONTINUITY
        if known == _UNKNOWN or announced:
            self._counters[pid], self._repeats[pid] = counter, 0
            return
        if not control & _PAYLOAD:
            expected = known  # without a payload the counter stands still
        elif counter == known and not self._repeats[pid]:
            self._repeats[pid] = 1  # a packet may come twice, and no more (2.4.3.3)
            return
        else:
            expected = (known + 1) & 0x0F
        if counter != expected:
            self._losses += 1
            if self._first_loss is None:
                self._first_loss = Loss(index, pid, (counter - expected) & 0x0F)
        self._counters[pid], self._repeats[pid] = counter, 0
