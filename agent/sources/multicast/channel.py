"""One channel of multicast: everything that is judged of it beyond the counters of its packets."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from agent.sources.multicast.availability import Availability, Second
from agent.sources.multicast.delivery import delay_factor
from agent.sources.multicast.indicators import Indicator, Indicators, Interval
from agent.sources.multicast.pids import Pids, Role
from agent.sources.multicast.rtp import RtpStream
from agent.sources.multicast.settings import MulticastSettings
from agent.sources.multicast.synchronisation import Synchronisation
from agent.sources.multicast.tables import Tables
from agent.sources.multicast.timing import ProgramClock
from agent.transport.packets import NULL_PID, PACKET
from agent.transport.programs import Elementary

SILENCE = 1.0  # seconds without a packet after which the channel counts as gone
_PTS = 0.7  # seconds (2.5)
_CAT = 1.0  # seconds after which scrambled packets should have been joined by a CAT; the report names no time
_ADAPTATION, _SCRAMBLED = 0x20, 0xC0
_NO_CLOCK = NULL_PID  # the PCR PID of a programme without a clock


class ChannelAnalyser:
    """State of one channel. Moments are seconds of one clock, which may begin anywhere."""

    def __init__(self, index: int, settings: MulticastSettings, pids: Pids) -> None:
        self.settings = settings
        self.indicators = Indicators()
        self.synchronisation = Synchronisation()
        self.tables = Tables(self.indicators, self._follow)
        self.clocks: dict[int, ProgramClock] = {}
        self.availability = Availability()
        self.rtp = RtpStream()
        self.datagrams = self.malformed = self.dropped = self.packets = self.missing = 0
        self.delay_factor: float | None = None  # seconds, of the last whole second
        self.arrived: float | None = None  # when the last datagram came
        self._fed: float | None = None  # when the last one with packets came
        self._index, self._pids = index, pids
        self._presentation: dict[int, Interval] = {}  # of picture and sound, by PID
        self._scrambled: float | None = None  # when scrambled packets last came, and since when
        self._scrambled_since: float | None = None
        self._referenced_since: dict[int, float] = {}
        self._second = Second()
        self._second_ends: float | None = None
        self._sizes: list[tuple[NDArray[np.float64], NDArray[np.int64]]] = []
        self._follow()

    @property
    def is_up(self) -> bool:
        """Whether a transport stream is received and in synchronisation."""
        return self.synchronisation.locked

    def datagrams_came(self, arrived: NDArray[np.float64], packets: NDArray[np.int64], malformed: int) -> None:
        """Take the arrival times of a turn's datagrams and how many packets each holds, (n,), and how many are odd."""
        self.datagrams += len(arrived)
        self.malformed += malformed
        self.arrived = float(arrived[-1])
        filled = np.flatnonzero(packets)
        if len(filled):
            self._fed = float(arrived[filled[-1]])
        if self.settings.constant_bitrate:
            self._sizes.append((arrived, packets * PACKET))

    def packets_came(self, good: NDArray[np.bool_], damaged: NDArray[np.bool_], moment: float) -> NDArray[np.bool_]:
        """Take whether each packet has its sync byte and whether it is marked as damaged, (n,).

        Returns which can be judged, (n,).
        """
        was_locked = self.synchronisation.locked
        usable, wrong, losses = self.synchronisation.take(good)
        self.packets += len(good)
        self._second.packets += len(good)
        if wrong:
            self.indicators.count(Indicator.SYNC_BYTE, wrong)
        if losses or not self.synchronisation.locked:
            self._lose(losses)
        if self.synchronisation.locked and (losses or not was_locked):
            self._regain(moment)
        marked = damaged & usable
        if marked.any():
            number = int(marked.sum())
            self.indicators.count(Indicator.TRANSPORT, number)
            self._second.faults += number
            usable = usable & ~damaged
        return usable

    def unexpected(self, missing: int) -> None:
        """Note a packet whose continuity counter is not the next one."""
        self.indicators.count(Indicator.CONTINUITY)
        self.missing += missing
        self._second.faults += max(1, missing)

    def place_lost(self) -> None:
        """Expect nothing of the place of the next clock reference: packets are missing before it."""
        for clock in self.clocks.values():
            clock.packets_lost()

    def clock_came(self, pid: int, ticks: int, position: int, moment: float, *, announced: bool) -> None:
        """Take a clock reference in the packet at `position` of the channel."""
        clock = self.clocks.get(pid)
        if clock is not None:
            clock.take(ticks, position, moment, announced=announced)

    def take(self, pid: int, packet: bytes, moment: float) -> None:
        """Take a packet of a PID that is looked into."""
        presentation = self._presentation.get(pid)
        if presentation is None:
            self.tables.take(pid, packet, moment)
        elif packet[3] & _SCRAMBLED:
            presentation.restart()
        elif _has_presentation_time(packet):
            presentation.came(moment)
        else:
            presentation.waiting(moment)

    def scrambled_came(self, moment: float) -> None:
        """Note scrambled packets: CAT_error where no CAT says how to receive them (2.6)."""
        self._scrambled = moment
        if self._scrambled_since is None:
            self._scrambled_since = moment
        if moment - max(self._scrambled_since, self.tables.conditional_access or 0.0) > _CAT:
            self.indicators.begin(Indicator.CAT, None)
        else:
            self.indicators.end(Indicator.CAT, None)

    def datagrams_dropped(self, total: int) -> None:
        """Take the kernel's count of datagrams that it had no room for: the probe's fault, not the network's."""
        if total == self.dropped:
            return
        self.dropped = total
        self._pids.restart(self._index)
        self.rtp.skip()
        self.tables.restart()
        for clock in self.clocks.values():
            clock.restart()

    def tick(self, moment: float) -> None:
        """Judge what has not come by `moment`; close the second."""
        if self._fed is not None and moment - self._fed > SILENCE and self.synchronisation.locked:
            self.synchronisation.lose()
            self._lose(1)
        if self.synchronisation.locked:
            self.tables.waiting(moment)
            for clock in self.clocks.values():
                clock.waiting(moment)
            for interval in self._presentation.values():
                if interval.last is not None:
                    interval.waiting(moment)
            self._judge_pids(moment)
            self._judge_access(moment)
        self._close_seconds(moment)

    def _lose(self, losses: int) -> None:
        """Leave synchronisation: nothing else can be judged until it is back."""
        self._second.unsynchronised = True
        if losses:
            self.indicators.begin(Indicator.SYNC_LOSS, None)
        self.indicators.clear()

    def _regain(self, moment: float) -> None:
        self.indicators.end(Indicator.SYNC_LOSS, None)
        self._pids.restart(self._index)
        self.tables.restart()
        self.tables.waiting(moment)
        for clock in self.clocks.values():
            clock.restart()
        for interval in self._presentation.values():
            interval.restart()
        self._referenced_since = dict.fromkeys(self._referenced_since, moment)
        self._scrambled = self._scrambled_since = None

    def _follow(self) -> None:
        """Look into the PIDs that the tables name now."""
        media = {stream.pid: stream for stream in self.tables.streams if stream.kind != "data"}
        sections = self.tables.pids
        self._assign(sections, Role.SECTIONS)
        self._assign(media.keys() - sections, Role.UNITS)
        for pid, slot in self._pids.of_channel(self._index):
            if pid not in sections and pid not in media:
                self._pids.role[slot] = Role.NONE
        wanted = {program.pcr_pid for program in self.tables.programs.values()} - {_NO_CLOCK}
        for pid in self.clocks.keys() - wanted:
            self.clocks.pop(pid).restart()
        for pid in wanted - self.clocks.keys():
            self.clocks[pid] = ProgramClock(self.indicators, pid, self.settings.constant_bitrate)
        for pid in self._presentation.keys() - media.keys():
            self._presentation.pop(pid).restart()
        for pid in media.keys() - self._presentation.keys() - sections:
            self._presentation[pid] = Interval(self.indicators, Indicator.PTS, pid, _PTS)
        self._reference(stream for stream in media.values() if not stream.audio_type)

    def _assign(self, pids: Iterable[int], role: Role) -> None:
        for pid in pids:
            slot = self._pids.slot(self._index, pid)
            if slot >= 0:
                self._pids.role[slot] = role

    def _reference(self, streams: Iterable[Elementary]) -> None:
        since = {stream.pid: self.arrived or 0.0 for stream in streams}
        for pid in self._referenced_since.keys() - since.keys():
            self.indicators.end(Indicator.PID, pid)
        self._referenced_since = {pid: self._referenced_since.get(pid, moment) for pid, moment in since.items()}

    def _judge_pids(self, moment: float) -> None:
        """PID_error: a PID of picture or sound that the PMT names does not come (1.6)."""
        for pid, since in self._referenced_since.items():
            slot = self._pids.slot(self._index, pid)
            if slot < 0:
                continue
            if moment - max(since, float(self._pids.seen[slot])) > self.settings.pid_timeout:
                self.indicators.begin(Indicator.PID, pid)
            else:
                self.indicators.end(Indicator.PID, pid)

    def _judge_access(self, moment: float) -> None:
        if self._scrambled is not None and moment - self._scrambled > _CAT:
            self._scrambled = self._scrambled_since = None
            self.indicators.end(Indicator.CAT, None)

    def _close_seconds(self, moment: float) -> None:
        if self.arrived is None:
            return  # nothing has ever come: not in service yet
        if self._second_ends is None:
            self._second_ends = moment + 1.0
        while moment >= self._second_ends:
            if not self.synchronisation.locked:
                self._second.unsynchronised = True
            self.availability.take(self._second)
            self._second = Second()
            self._second_ends += 1.0
            self._measure_delivery()

    def _measure_delivery(self) -> None:
        if not self._sizes:
            self.delay_factor = None
            return
        arrived = np.concatenate([moments for moments, _ in self._sizes])
        size = np.concatenate([sizes for _, sizes in self._sizes])
        self._sizes.clear()
        rates = [rate for clock in self.clocks.values() if (rate := clock.figures.bit_rate) is not None]
        if rates:
            self.delay_factor = delay_factor(arrived, size, rates[0] / 8)


def _has_presentation_time(packet: bytes) -> bool:
    """Return whether a PES packet with a presentation time begins in the packet."""
    begin = 5 + packet[4] if packet[3] & _ADAPTATION else 4
    return packet[begin : begin + 3] == b"\x00\x00\x01" and begin + 7 < PACKET and bool(packet[begin + 7] & 0x80)
