"""What is known of each PID of each channel, as arrays: one pass of numpy looks at the packets of all channels.

A PID that a channel uses has a slot. All arrays of state are by slot.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.sources.multicast.framing import Packets
from agent.transport.packets import NULL_PID, PACKET

_PIDS = NULL_PID + 1
_SLOTS = 1 << 16  # slots are sorted by, and 16 bits sort fastest
MOST_PIDS = 128  # of a channel; a single programme has about ten
_UNKNOWN = 255
_PAYLOAD, _ADAPTATION = 0x10, 0x20
_UNIT_START = 0x40
_PCR, _DISCONTINUITY = 0x10, 0x80


class Role(IntEnum):
    """What the packets of a PID are looked into for."""

    NONE = 0
    SECTIONS = 1  # tables: every packet
    UNITS = 2  # picture and sound: packets in which a PES packet begins


class Unexpected(NamedTuple):
    """A packet whose continuity counter does not follow its predecessor's."""

    channel: int
    pid: int
    missing: int  # packets, modulo 16; 0 for a packet that came too often or with another payload
    place: int  # of the packet in the turn


class Clocks(NamedTuple):
    """Programme clock references of one turn, channel by channel and in order."""

    channel: NDArray[np.int32]  # (n,)
    pid: NDArray[np.int64]  # (n,)
    ticks: NDArray[np.int64]  # (n,) 27 MHz
    place: NDArray[np.int64]  # (n,) of the packet in the turn
    discontinuity: NDArray[np.bool_]  # (n,) announced


class Looked(NamedTuple):
    """What one pass found."""

    unexpected: list[Unexpected]
    clocks: Clocks
    wanted: NDArray[np.int64]  # (n,) packets to look into, in order
    pid: NDArray[np.int64]  # (m,) of every packet
    slots: NDArray[np.int64]  # (k,) that had packets
    counts: NDArray[np.int64]  # (k,) how many
    scrambled: set[int]  # channels with scrambled packets


class Pids:
    """The state of all channels' PIDs."""

    def __init__(self, channels: int) -> None:
        self._slot = np.full(channels * _PIDS, -1, np.int32)
        self._keys: list[int] = []
        self._of_channel = [0] * channels
        self.overflow: set[int] = set()  # channels with more PIDs than are followed
        size = 64
        self._counter = np.full(size, _UNKNOWN, np.uint8)
        self._repeated = np.zeros(size, np.bool_)
        self._damaged = np.zeros(size, np.uint8)
        self._null = np.zeros(size, np.bool_)  # null packets, whose counter means nothing
        self._last = np.zeros((size, PACKET), np.uint8)
        self.role = np.zeros(size, np.uint8)
        self.packets = np.zeros(size, np.int64)
        self.scrambled = np.zeros(size, np.int64)
        self.seen = np.zeros(size, np.float64)  # when the last packet came, seconds

    def slot(self, channel: int, pid: int) -> int:
        """Return the slot of a PID, which it gets if it has none; -1 where there is no room."""
        key = channel * _PIDS + pid
        slot = int(self._slot[key])
        if slot < 0:
            if len(self._keys) == _SLOTS or self._of_channel[channel] == MOST_PIDS:
                self.overflow.add(channel)
                return -1
            slot = len(self._keys)
            if slot == len(self._counter):
                self._grow()
            self._keys.append(key)
            self._of_channel[channel] += 1
            self._slot[key] = slot
            self._null[slot] = pid == NULL_PID
        return slot

    def of_channel(self, channel: int) -> Iterator[tuple[int, int]]:
        """Yield the channel's PIDs with their slots, by PID."""
        begin = channel * _PIDS
        slots = self._slot[begin : begin + _PIDS]
        for pid in np.flatnonzero(slots >= 0).tolist():
            yield pid, int(slots[pid])

    def restart(self, channel: int) -> None:
        """Expect nothing of the next counters of a channel: something is missing that is no loss of the network."""
        slots = [slot for _, slot in self.of_channel(channel)]
        self._counter[slots] = _UNKNOWN
        self._repeated[slots] = False
        self._damaged[slots] = 0

    def look(self, packets: Packets, usable: NDArray[np.bool_]) -> Looked:
        """Look at the packets of a turn, of which (m,) are `usable`: in synchronisation and undamaged."""
        head = packets.head
        pid = (head[:, 1] & 0x1F).astype(np.int64) << 8 | head[:, 2]
        self._note_damaged(packets, pid, ~usable)
        slot = self._slots(packets.channel, pid)
        index = np.flatnonzero(usable & (slot >= 0))
        slot = slot[index]
        unexpected, slots, counts = self._count(packets, index, slot)
        control = head[index, 3]
        scrambled = control >> 6 != 0
        np.add.at(self.scrambled, slot[scrambled], 1)
        payload = control & _PAYLOAD != 0
        role = self.role[slot]
        begins = head[index, 1] & _UNIT_START != 0
        wanted = index[payload & ((role == Role.SECTIONS) | (role == Role.UNITS) & begins)]
        channels = set(np.unique(packets.channel[index[scrambled]]).tolist())
        return Looked(unexpected, self._clocks(packets, index, pid), wanted, pid, slots, counts, channels)

    def _grow(self) -> None:
        size = 2 * len(self._counter)
        for name in ("_counter", "_repeated", "_damaged", "_null", "_last", "role", "packets", "scrambled", "seen"):
            old = getattr(self, name)
            new = np.zeros((size, *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)
        self._counter[size // 2 :] = _UNKNOWN

    def _slots(self, channel: NDArray[np.int32], pid: NDArray[np.int64]) -> NDArray[np.int64]:
        key = channel.astype(np.int64) * _PIDS + pid
        slot = self._slot[key]
        if (slot < 0).any():
            for new in np.unique(key[slot < 0]).tolist():
                self.slot(*divmod(new, _PIDS))
            slot = self._slot[key]
        slots: NDArray[np.int64] = slot.astype(np.int64)
        return slots

    def _note_damaged(self, packets: Packets, pid: NDArray[np.int64], damaged: NDArray[np.bool_]) -> None:
        """Keep how many packets of a PID were damaged, so that their places are not called a loss as well."""
        for index in np.flatnonzero(damaged).tolist():
            slot = int(self._slot[packets.channel[index] * _PIDS + pid[index]])
            if slot >= 0:
                self._damaged[slot] = min(self._damaged[slot] + 1, 200)

    def _count(
        self, packets: Packets, index: NDArray[np.int64], slot: NDArray[np.int64]
    ) -> tuple[list[Unexpected], NDArray[np.int64], NDArray[np.int64]]:
        if not len(index):
            return [], slot, slot
        order = np.argsort(slot.astype(np.uint16), kind="stable")
        index, slot = index[order], slot[order]
        first = np.ones(len(slot), np.bool_)
        np.not_equal(slot[1:], slot[:-1], out=first[1:])
        starts = np.flatnonzero(first)
        ends = np.append(starts[1:], len(slot)) - 1
        control = packets.head[index, 3]
        counter, payload = control & 0x0F, control >> 4 & 1
        before = np.empty_like(counter)
        before[1:] = counter[:-1]
        before[starts] = self._counter[slot[starts]]
        repeats = (counter == before) & (payload != 0)
        turn = _Turn(packets, index, slot, first, repeats)
        counted = (before != _UNKNOWN) & ~self._null[slot]
        odd = np.flatnonzero((counter != (before + payload) & 0x0F) & counted)
        unexpected = [found for place in odd.tolist() if (found := self._judge(turn, place)) is not None]
        slots, counts = slot[starts], ends - starts + 1
        self._repeated[slots] = repeats[ends]
        self._counter[slots] = counter[ends]
        self._damaged[slots] = 0
        self._last[slots] = packets.memory[packets.place[index[ends]]]
        self.packets[slots] += counts
        self.seen[slots] = packets.arrived[index[ends]]
        return unexpected, slots, counts

    def _judge(self, turn: "_Turn", place: int) -> Unexpected | None:
        """Judge the packet at a place of the turn whose counter does not follow (ISO/IEC 13818-1, 2.4.3.3)."""
        slot, is_first = int(turn.slot[place]), bool(turn.first[place])
        channel, pid = divmod(self._keys[slot], _PIDS)
        packet, origin = turn.packet(place), int(turn.origin[place])
        if _announced(packet):
            return None
        previous = self._last[slot] if is_first else turn.packet(place - 1)
        if turn.repeats[place] and previous[3] & _PAYLOAD:
            # A packet may come twice, and no more; a counter that stands still with another payload is a fault.
            repeated = self._repeated[slot] if is_first else turn.repeats[place - 1]
            return Unexpected(channel, pid, 0, origin) if repeated or not _same(packet, previous) else None
        missing = (int(packet[3]) - int(previous[3]) - (int(packet[3]) >> 4 & 1)) & 0x0F
        if missing and missing == int(self._damaged[slot]):
            return None
        return Unexpected(channel, pid, missing, origin)

    def _clocks(self, packets: Packets, index: NDArray[np.int64], pid: NDArray[np.int64]) -> Clocks:
        head = packets.head[index]
        found = index[(head[:, 3] & _ADAPTATION != 0) & (head[:, 4] >= 7) & (head[:, 5] & _PCR != 0)]
        field = packets.head[found, 6:12].astype(np.int64)
        base = field[:, 0] << 25 | field[:, 1] << 17 | field[:, 2] << 9 | field[:, 3] << 1 | field[:, 4] >> 7
        extension = (field[:, 4] & 1) << 8 | field[:, 5]
        return Clocks(
            packets.channel[found],
            pid[found],
            base * 300 + extension,
            found,
            packets.head[found, 5] & _DISCONTINUITY != 0,
        )


class _Turn(NamedTuple):
    """The usable packets of a turn, sorted by slot, (n,) each."""

    packets: Packets
    origin: NDArray[np.int64]  # where it is in `packets`
    slot: NDArray[np.int64]
    first: NDArray[np.bool_]  # of its slot
    repeats: NDArray[np.bool_]  # has its predecessor's counter

    def packet(self, place: int) -> NDArray[np.uint8]:
        """Return the bytes of the packet at a place."""
        packet: NDArray[np.uint8] = self.packets.memory[self.packets.place[self.origin[place]]]
        return packet


def _announced(packet: NDArray[np.uint8]) -> bool:
    """Return whether the packet itself says that something is missing before it."""
    return bool(packet[3] & _ADAPTATION and packet[4] and packet[5] & _DISCONTINUITY)


def _same(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Return whether a packet repeats another: every byte but those of a clock reference, which is set again."""
    different = one != other
    if one[3] & _ADAPTATION and one[4] >= 7 and one[5] & _PCR:
        different[6:12] = False
    return not different.any()
