"""One turn: the datagrams of all channels, looked at together and then channel by channel."""

import logging
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.sources.media import Media
from agent.sources.multicast.capture import Capture
from agent.sources.multicast.channel import ChannelAnalyser
from agent.sources.multicast.framer import Pieces, in_step
from agent.sources.multicast.framing import (
    RTP_HEADER,
    RTP_VERSION,
    Frames,
    Packets,
    RtpHeaders,
    control,
    frames,
    packets,
)
from agent.sources.multicast.pids import Clocks, Pids
from agent.sources.multicast.receive import LONGEST, Datagrams
from agent.sources.multicast.settings import MulticastSettings
from agent.transport.packets import NULL_PID
from service.nouns import counted

log = logging.getLogger("agent.sources.multicast")

_SYNC, _DAMAGED = 0x47, 0x80
_UNALIGNED = (
    "they end within packets of 188 bytes, as ffmpeg's do without pkt_size=1316; the channel is read as one stream of "
    "bytes, as players read it, and other receivers may refuse it"
)


class Analysis:
    """All channels."""

    def __init__(
        self,
        channels: Sequence[MulticastSettings],
        offset: Callable[[], float] = lambda: 0.0,
        media: Media | None = None,
    ) -> None:
        """Take the channels; `offset` is what turns the datagrams' arrival times into moments of the probe's clock.

        `media` takes what the picture checks look into.
        """
        self._captures = {
            index: Capture(settings.channel, media.give)
            for index, settings in enumerate(channels)
            if media is not None and media.wanted(settings.channel)
        }
        self.pids = Pids(len(channels))
        self.channels = [ChannelAnalyser(index, settings, self.pids) for index, settings in enumerate(channels)]
        self._offset = offset
        self._pieces: dict[int, Pieces] = {}  # of channels whose datagrams are pieces of a stream of bytes
        self._told: set[tuple[int, str]] = set()

    def take(self, datagrams: Datagrams) -> None:
        """Take what one fetch brought."""
        if not len(datagrams.length):
            return
        datagrams = datagrams._replace(arrived=datagrams.arrived + self._offset())
        for index, total in datagrams.dropped.items():
            if total != self.channels[index].dropped:
                self._pieces.pop(index, None)
            self.channels[index].datagrams_dropped(total)
        found = frames(datagrams)
        if (found.packets == 0).any() and (reports := control(datagrams, found)).any():
            datagrams = datagrams.only(~reports)
            found = frames(datagrams)
        bounds = _bounds(datagrams.channel)
        odd = found.packets == 0
        if (odd.any() or self._pieces) and self._put_together(datagrams, found, bounds):
            found = frames(datagrams)
        for index, begin, end in bounds:
            malformed = int(odd[begin:end].sum())
            if malformed == end - begin and not found.packets[begin:end].any():
                self._tell(index, "datagrams hold no transport stream", _described(datagrams, begin))
            self.channels[index].datagrams_came(datagrams.arrived[begin:end], found.packets[begin:end], malformed)
        order, gaps = self._order(datagrams, found, bounds)
        # Before which packet datagrams are missing, by channel.
        counts = found.packets if order is None else found.packets[order]
        before = np.cumsum(counts) - counts if gaps else counts
        missing = [(index, int(before[place])) for index, place in gaps if place < len(before)]
        self._packets(packets(datagrams, found, order), missing)

    def _put_together(self, datagrams: Datagrams, found: Frames, bounds: list[tuple[int, int, int]]) -> bool:
        """Put whole packets into the datagrams of channels that are streams of bytes; return whether there are any."""
        for index, begin, end in bounds:
            odd = (found.packets[begin:end] == 0).any()
            data, length = datagrams.data[begin:end], datagrams.length[begin:end]
            if index in self._pieces and not odd and not self._pieces[index].pending:
                del self._pieces[index]
            elif index not in self._pieces and odd and not _numbered(found, begin, end) and in_step(data, length):
                self._pieces[index] = Pieces()
                self._tell(index, "datagrams do not hold whole packets", _UNALIGNED)
            if index in self._pieces:
                self._pieces[index].take(data, length)
        return bool(self._pieces)

    def _tell(self, index: int, what: str, reason: str) -> None:
        """Log once what is odd about a channel's datagrams, and the remedy."""
        if (index, what) not in self._told:
            self._told.add((index, what))
            log.warning(what, extra={"channel": self.channels[index].settings.channel, "reason": reason})

    def tick(self, moment: float) -> None:
        """Judge what has not come by `moment`."""
        for channel in self.channels:
            channel.tick(moment)

    def _order(
        self, datagrams: Datagrams, found: Frames, bounds: list[tuple[int, int, int]]
    ) -> tuple[NDArray[np.int64] | None, list[tuple[int, int]]]:
        """Return the datagrams in the order of their RTP numbers, None where that is the order of arrival.

        Also the places in that order before which datagrams are missing, as (channel, place).
        """
        if found.rtp is None:
            return None, []
        order, changed = [], False
        gaps: list[tuple[int, int]] = []
        length = 0
        for index, begin, end in bounds:
            own = np.arange(begin, end)
            numbered = own[found.rtp.sequence[begin:end] >= 0]
            if len(numbered):
                headers = RtpHeaders(*(field[numbered] for field in found.rtp))
                places, missing = self.channels[index].rtp.take(headers, datagrams.arrived[numbered])
                gaps += ((index, length + place) for place in missing)
                if places is not None:
                    # What has no number between them keeps its packets, after those that have.
                    bare = own[found.rtp.sequence[begin:end] < 0]
                    own, changed = np.concatenate([numbered[places], bare]), True
            order.append(own)
            length += len(own)
        return (np.concatenate(order) if changed else None), gaps

    def _packets(self, turn: Packets, missing_before: list[tuple[int, int]]) -> None:
        good = turn.head[:, 0] == _SYNC
        damaged = turn.head[:, 1] & _DAMAGED != 0
        usable = np.zeros(len(good), np.bool_)
        first = {}
        for index, begin, end in _bounds(turn.channel):
            channel = self.channels[index]
            first[index] = begin - channel.packets
            moment = float(turn.arrived[begin])
            usable[begin:end] = channel.packets_came(good[begin:end], damaged[begin:end], moment)
        looked = self.pids.look(turn, usable)
        losses, gaps = _Losses(), _Losses()
        for channel_index, place in missing_before:
            # Packets without a counter may be all that is missing: null packets, and those with a clock alone.
            gaps.add(channel_index, place, NULL_PID)
        for channel_index, pid, missing, place in looked.unexpected:
            self.channels[channel_index].unexpected(missing)
            losses.add(channel_index, place, pid)
            gaps.add(channel_index, place, pid)
            if missing and channel_index in self._captures:
                self._captures[channel_index].broken()
        for channel_index in looked.scrambled:
            self.channels[channel_index].scrambled_came(float(turn.arrived[-1]))
        self._clocks(turn, looked.clocks, first, gaps)
        self._wanted(turn, looked.wanted, looked.pid, losses)
        for index, begin, end in _bounds(turn.channel) if self._captures else ():
            if index in self._captures:
                own = begin + np.flatnonzero(usable[begin:end])
                tables = self.channels[index].tables
                self._captures[index].take(turn, looked.pid, own, tables, -self._offset())

    def _clocks(self, turn: Packets, clocks: Clocks, first: dict[int, int], gaps: "_Losses") -> None:
        moments = turn.arrived[clocks.place].tolist()
        columns = zip(*(column.tolist() for column in clocks), moments, strict=True)
        before = gaps.begin()
        for index, pid, ticks, place, announced, moment in columns:
            if index in before and before[index].passed(place):
                self.channels[index].place_lost()
            self.channels[index].clock_came(pid, ticks, place - first[index], moment, announced=announced)
        for index, left in before.items():
            if left.passed(len(turn.channel)):
                self.channels[index].place_lost()

    def _wanted(self, turn: Packets, wanted: NDArray[np.int64], pid: NDArray[np.int64], losses: "_Losses") -> None:
        content = turn.memory[turn.place[wanted]]
        columns = zip(
            wanted.tolist(),
            turn.channel[wanted].tolist(),
            pid[wanted].tolist(),
            turn.arrived[wanted].tolist(),
            strict=True,
        )
        before = losses.begin()
        for row, (place, index, number, moment) in enumerate(columns):
            for lost in before[index].passed(place) if index in before else ():
                self.channels[index].tables.lost(lost)
            self.channels[index].take(number, content[row].tobytes(), moment)
        for index, left in before.items():
            for lost in left.passed(len(turn.channel)):
                self.channels[index].tables.lost(lost)


class _Losses:
    """Where in a turn packets are missing, by channel."""

    def __init__(self) -> None:
        self._places: dict[int, list[tuple[int, int]]] = {}

    def add(self, channel: int, place: int, pid: int) -> None:
        """Note that packets of a PID are missing before the packet at a place."""
        self._places.setdefault(channel, []).append((place, pid))

    def begin(self) -> dict[int, "_Left"]:
        """Return what is passed on the way through the turn, by channel."""
        return {channel: _Left(sorted(places, reverse=True)) for channel, places in self._places.items()}


class _Left:
    """The losses of a channel that have not been passed."""

    def __init__(self, places: list[tuple[int, int]]) -> None:
        self._places = places

    def passed(self, place: int) -> list[int]:
        """Return the PIDs of the losses up to the packet at a place, each once."""
        found = []
        while self._places and self._places[-1][0] <= place:
            found.append(self._places.pop()[1])
        return found


def _described(datagrams: Datagrams, place: int) -> str:
    """Return what a datagram without a transport stream is."""
    size, head = int(datagrams.length[place]), datagrams.data[place]
    if not size:
        return (
            f"the first is empty, or longer than {LONGEST} bytes; let the sender put 7 packets into each (1,316 bytes)"
        )
    if size > RTP_HEADER and head[0] >> 6 == RTP_VERSION:
        kind = int(head[1]) & 0x7F
        return f"the first looks like RTP without packets of 188 bytes: its payload type is {kind}, not 33"
    begin = head[: min(size, 4)].tobytes().hex(" ")
    return f"the first has {counted(size, 'byte')} and begins with {begin}"


def _numbered(found: Frames, begin: int, end: int) -> bool:
    """Return whether some of these datagrams have RTP."""
    return found.rtp is not None and bool((found.rtp.sequence[begin:end] >= 0).any())


def _bounds(channel: NDArray[np.int32]) -> list[tuple[int, int, int]]:
    """Return (channel, begin, end) of each run of equal channels."""
    if not len(channel):
        return []
    starts = np.concatenate([[0], np.flatnonzero(np.diff(channel)) + 1])
    ends = np.append(starts[1:], len(channel))
    return list(zip(channel[starts].tolist(), starts.tolist(), ends.tolist(), strict=True))
