"""The tables of one channel: what PAT and PMT name, how often they come, and whether their CRC is right.

TR 101 290, 1.3.a, 1.5.a, 2.2 and the second half of 2.6; splice commands by ANSI/SCTE 35.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from agent.sources.multicast.indicators import Indicator, Indicators, Interval
from agent.transport.packets import payload
from agent.transport.programs import Elementary, Program, association, program_of
from agent.transport.sections import Assembler, Section, is_intact, parse

PAT_PID, CAT_PID = 0x0000, 0x0001
_NIT_PID, _SDT_PID, _EIT_PID, _TOT_PID = 0x0010, 0x0011, 0x0012, 0x0014
# Tables whose CRC counts, by PID (2.2): CAT, PAT, NIT, SDT and BAT, EIT, TOT; those of the maps come from the PAT.
_WITH_CRC = {
    PAT_PID: {0x00},
    CAT_PID: {0x01},
    _NIT_PID: {0x40, 0x41},
    _SDT_PID: {0x42, 0x46, 0x4A},
    _EIT_PID: set(range(0x4E, 0x70)),
    _TOT_PID: {0x73},
}
_PAT, _CAT, _PMT, _SPLICE = 0x00, 0x01, 0x02, 0xFC
_REPETITION = 0.5  # seconds, of PAT and PMT
_SCTE_35 = 0x86  # stream_type
_COMMANDS = {
    0x00: "splice_null",
    0x04: "splice_schedule",
    0x05: "splice_insert",
    0x06: "time_signal",
    0x07: "bandwidth_reservation",
    0xFF: "private_command",
}
_UNIT_START, _SCRAMBLED = 0x40, 0xC0
# Maps that are followed: a PAT may name thousands.
MOST_PROGRAMS = 64


class Tables:
    """Follows the tables of one channel; `changed` is called when the PIDs to look into have changed."""

    def __init__(self, indicators: Indicators, changed: Callable[[], None]) -> None:
        self.maps: dict[int, int] = {}  # PMT's PID of each programme
        self.programs: dict[int, Program] = {}
        self.splices: Counter[str] = Counter()
        self.conditional_access: float | None = None  # when a CAT last came
        self._indicators, self._changed = indicators, changed
        self._assemblers: dict[int, Assembler] = {}
        self._moment = 0.0
        self._pat = Interval(indicators, Indicator.PAT, PAT_PID, _REPETITION)
        self._pmt: dict[int, Interval] = {}
        self._parts: dict[int, dict[int, int]] = {}  # of a PAT in several sections, by section number
        self._version: tuple[int, int] | None = None
        self._last: dict[tuple[int, int], bytes] = {}  # of each PAT's and PMT's section

    @property
    def streams(self) -> Iterator[Elementary]:
        """All elementary streams of all programmes."""
        for program in self.programs.values():
            yield from program.streams

    @property
    def pids(self) -> set[int]:
        """The PIDs that carry sections to be read."""
        splices = {each.pid for each in self.streams if each.stream_type == _SCTE_35 and each.kind == "data"}
        return {*_WITH_CRC, *self.maps.values(), *splices}

    def take(self, pid: int, packet: bytes, moment: float) -> None:
        """Take a packet of one of `pids` with a payload."""
        self._moment = moment
        if packet[3] & _SCRAMBLED:
            if pid == PAT_PID:
                self._indicators.count(Indicator.PAT)
            elif pid in self._pmt:
                self._indicators.count(Indicator.PMT)
            return
        assembler = self._assemblers.get(pid)
        if assembler is None:
            assembler = self._assemblers[pid] = Assembler(partial(self._section, pid))
        assembler.feed(payload(packet), unit_start=bool(packet[1] & _UNIT_START))

    def lost(self, pid: int) -> None:
        """Drop what was begun on a PID that misses packets."""
        if pid in self._assemblers:
            self._assemblers[pid].lost()

    def waiting(self, moment: float) -> None:
        """Judge what has not come by `moment`."""
        self._pat.waiting(moment)
        for interval in self._pmt.values():
            interval.waiting(moment)

    def restart(self) -> None:
        """Expect nothing of the time before."""
        for interval in (self._pat, *self._pmt.values()):
            interval.restart()
        for assembler in self._assemblers.values():
            assembler.lost()
        self.conditional_access = None

    def _section(self, pid: int, data: bytes) -> None:
        table = data[0]
        if pid == PAT_PID and table != _PAT:
            self._indicators.count(Indicator.PAT)
        elif pid == CAT_PID and table != _CAT:
            self._indicators.count(Indicator.CAT)
        elif table == _SPLICE and pid not in _WITH_CRC:
            self._splice(data)
        elif table not in ({_PMT} if pid in self._pmt else _WITH_CRC.get(pid, ())):
            return  # another table beside the maps, which may have no CRC
        elif not is_intact(data):
            self._indicators.count(Indicator.CRC)
        elif pid == PAT_PID:
            self._association(data)
        elif pid == CAT_PID:
            self.conditional_access = self._moment
        elif pid in self._pmt:
            self._map(pid, data)

    def _splice(self, data: bytes) -> None:
        if len(data) > 13 and is_intact(data):
            encrypted = data[4] & 0x80
            self.splices["encrypted" if encrypted else _COMMANDS.get(data[13], "other")] += 1

    def _association(self, data: bytes) -> None:
        self._pat.came(self._moment)
        section = parse(data)
        if section is None or not section.current or not self._is_new(PAT_PID, section, data):
            return
        if self._version != (section.extension, section.version):
            self._version, self._parts = (section.extension, section.version), {}
        self._parts[section.number] = association(section.body)
        if len(self._parts) <= section.last:
            return
        named = {number: pid for part in self._parts.values() for number, pid in part.items()}
        self.maps = dict(sorted(named.items())[:MOST_PROGRAMS])
        self.programs = {number: program for number, program in self.programs.items() if number in self.maps}
        self._follow_maps()
        self._changed()

    def _follow_maps(self) -> None:
        pids = set(self.maps.values())
        for pid in self._pmt.keys() - pids:
            self._pmt.pop(pid).restart()
        for pid in pids - self._pmt.keys():
            interval = self._pmt[pid] = Interval(self._indicators, Indicator.PMT, pid, _REPETITION)
            interval.waiting(self._moment)

    def _map(self, pid: int, data: bytes) -> None:
        self._pmt[pid].came(self._moment)
        section = parse(data)
        if section is None or not section.current or not self._is_new(pid, section, data):
            return
        program = program_of(section)
        if program is not None and self.maps.get(program.number) == pid:
            self.programs[program.number] = program
            self._changed()

    def _is_new(self, pid: int, section: Section, data: bytes) -> bool:
        """Return whether the section is another one than the last of its kind: tables come ten times a second."""
        key = pid, section.extension if pid != PAT_PID else section.number
        if self._last.get(key) == data:
            return False
        if len(self._last) > 4 * MOST_PROGRAMS:
            self._last.clear()
        self._last[key] = data
        return True
