"""Takes out of one channel what the picture checks look into: tables, sound, and one key frame in some seconds."""

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agent.sources.media import Piece
from agent.sources.multicast.framing import Packets
from agent.sources.multicast.tables import Tables
from agent.transport.packets import PACKET
from agent.transport.programs import PAT_PID, Elementary, begins_key_frame

_LENGTH = 2.0  # seconds of a piece
_APART = 1.8  # seconds between two key frames, at least
_LARGEST = 8 << 20  # bytes of a piece; a key frame in UHD has 2 MiB
_UNIT_START = 0x40
_PAYLOAD, _SCRAMBLED = 0x10, 0xC0

Chosen = tuple[int, int | None, int | None]  # PIDs of the PMT, of picture and of sound


class Capture:
    """The piece that grows of one channel."""

    def __init__(self, channel: str, give: Callable[[Piece], None]) -> None:
        self._channel, self._give = channel, give
        self._chosen: Chosen | None = None
        self._video: Elementary | None = None
        self._following = False  # whether the next piece follows the last one
        self._key_came: float | None = None
        self._begun: float | None = None
        self._clear = self._scrambled = False  # whether picture or sound ever came so
        self._capturing = False
        self._tables: list[bytes] = []
        self._pictures: list[bytes] = []
        self._audio: list[bytes] = []
        self._size = 0

    def take(
        self, turn: Packets, pid: NDArray[np.int64], own: NDArray[np.int64], tables: Tables, offset: float
    ) -> None:
        """Take the channel's packets of a turn: `own` (n,) are those that can be judged, in order.

        `offset` turns a moment of the probe's clock into Unix time.
        """
        if not len(own):
            return
        moment = float(turn.arrived[own[-1]])
        if self._begun is None:
            self._begun = moment
        self._choose(tables)
        if self._chosen is None:
            self._restart()
            return
        map_pid, video, audio = self._chosen
        pids = pid[own]
        self._note(turn, own[np.isin(pids, [one for one in (video, audio) if one is not None])])
        self._add(self._tables, turn, own[(pids == PAT_PID) | (pids == map_pid)])
        if video is not None:
            self._take_video(turn, own[pids == video], moment)
        if audio is not None:
            self._add(self._audio, turn, own[pids == audio])
        if self._size > _LARGEST:
            self._following = False
            self._restart()
        elif moment - self._begun >= _LENGTH and not self._capturing:
            self._release(moment + offset)

    def broken(self) -> None:
        """Begin again: packets are missing."""
        self._following = False
        self._capturing = False

    def _restart(self) -> None:
        self._tables, self._pictures, self._audio = [], [], []
        self._size = 0
        self._begun = None
        self._capturing = False

    def _choose(self, tables: Tables) -> None:
        """Choose the first programme, its picture and its main sound; begin again where they are others now."""
        found: Chosen | None = None
        for number, map_pid in tables.maps.items():
            program = tables.programs.get(number)
            if program is not None:
                video = next((one for one in program.streams if one.kind == "video"), None)
                sounds = (one for one in program.streams if one.kind == "audio" and one.audio_type == 0)
                audio = next(sounds, None)
                self._video = video
                found = map_pid, None if video is None else video.pid, None if audio is None else audio.pid
                break
        if found != self._chosen:
            begun = self._begun
            self._restart()
            self._begun, self._chosen, self._following = begun, found, False

    def _add(self, kept: list[bytes], turn: Packets, index: NDArray[np.int64]) -> None:
        if len(index):
            kept.append(turn.memory[turn.place[index]].tobytes())
            self._size += len(index) * PACKET

    def _note(self, turn: Packets, index: NDArray[np.int64]) -> None:
        control = turn.head[index, 3]
        scrambled = control[control & _PAYLOAD != 0] & _SCRAMBLED != 0
        self._scrambled |= bool(scrambled.any())
        self._clear |= not scrambled.all()

    def _take_video(self, turn: Packets, index: NDArray[np.int64], moment: float) -> None:
        """Keep the packets from the beginning of a key frame to the beginning of the next picture."""
        begins = np.flatnonzero(turn.head[index, 1] & _UNIT_START).tolist()
        # Each picture once: one that began before this turn goes on at 0, unless another begins there.
        for first, last in itertools.pairwise(sorted({0, *begins, len(index)})):
            if first in begins:
                packet = turn.memory[turn.place[index[first]]].tobytes()
                due = self._key_came is None or moment - self._key_came >= _APART
                self._capturing = due and self._video is not None and begins_key_frame(packet, self._video.codec)
                if self._capturing:
                    self._key_came = moment
            if self._capturing:
                self._add(self._pictures, turn, index[first:last])

    def _release(self, arrived: float) -> None:
        """Hand the piece over; the unit of sound that has begun belongs to the next."""
        audio = b"".join(self._audio)
        cut = _last_unit(audio)
        data = b"".join((*self._tables, *self._pictures, audio[:cut]))
        self._restart()
        if audio[cut:]:
            self._audio = [audio[cut:]]
        if self._scrambled and not self._clear:
            # What was clear once and is no longer is missing; this may be meant for receivers with a card.
            obstacle = "encrypted"
            self._give(Piece(self._channel, "multicast", "", "unknown", b"", arrived, follows=False, obstacle=obstacle))
        elif data:
            self._give(Piece(self._channel, "multicast", "", "mpegts", data, arrived, self._following))
            self._following = True


def _last_unit(packets: bytes) -> int:
    """Return where the last packet is in which a unit begins; the end where there is none."""
    for at in range(len(packets) - PACKET, -1, -PACKET):
        if packets[at + 1] & _UNIT_START:
            return at
    return len(packets)
