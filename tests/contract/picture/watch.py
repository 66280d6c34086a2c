"""A channel watched as the agent does it: multicast, pieces, examination, moments.

Only the network and the decoding process are left out, and time is the stream's.
"""

from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np

from agent.sources.media import Media, Piece
from agent.sources.multicast.analysis import Analysis
from agent.sources.multicast.settings import MulticastSettings
from agent.sources.picture.examine import Examiner
from agent.sources.picture.kept import Pictures
from agent.sources.picture.message import Limits, Task
from agent.sources.picture.settings import PictureSettings
from agent.sources.picture.state import WayState
from alerts import thresholds
from tests.contract.multicast.streams import block
from tests.support.channels import Part, encode

PACKET, IN_DATAGRAM = 188, 7
LIMITS = Limits(memory=1 << 30, most_pixels=4096 * 2304, thumbnails=False)
RATE = 1_500_000  # bit/s
BEGIN = 1_790_000_000.0  # Unix time
TURN = 0.2
SCRAPE, WINDOW = 5.0, 24  # seconds between two scrapes; scrapes in the two minutes of the rule on loudness


class Watch:
    """One channel."""

    def __init__(self, settings: PictureSettings | None = None, limits: Limits = LIMITS) -> None:
        self.state = WayState(settings or PictureSettings("first"), "first", "multicast", Pictures(6, 0))
        self.examiner = Examiner(limits)
        self.pieces: list[Piece] = []
        self.looks: dict[float, int] = {}  # pictures decoded of the piece that ended at a moment
        self.raised: dict[str, float] = {}  # seconds after the beginning at which each alarm was first due
        media = Media()
        media.listen(lambda _: True, self._take)
        self.analysis = Analysis([MulticastSettings("first", "239.0.0.1:5000")], lambda: 0.0, media)
        self.now = BEGIN
        self._levels: deque[float | None] = deque(maxlen=WINDOW)  # as scrapes found them
        self._quiet_until = 0.0  # until when silence of late, or an expected one, hides the level
        self._scrape_due = BEGIN
        self._limits = {name: float(threshold.value) for name, threshold in thresholds.load().items()}

    def play(self, parts: Sequence[Part]) -> dict[str, float]:
        """Watch the parts one after the other; return the alarms that were due, and when."""
        begin = 0.0
        packets: list[bytes] = []
        for part in parts:
            packets += renumbered(encode(part, begin, RATE), packets)
            begin += part.seconds
        self.feed(packets)
        return self.raised

    def feed(self, packets: Sequence[bytes]) -> None:
        """Take packets at a constant rate."""
        step = PACKET * IN_DATAGRAM * 8 / RATE
        turn: list[tuple[int, float, bytes]] = []
        due = self.now + TURN
        for at in range(0, len(packets), IN_DATAGRAM):
            self.now += step
            turn.append((0, self.now, b"".join(packets[at : at + IN_DATAGRAM])))
            if self.now >= due:
                self.analysis.take(block(turn))
                self.analysis.tick(self.now)
                turn, due = [], self.now + TURN

    def _take(self, piece: Piece) -> None:
        self.pieces.append(piece)
        task = Task("first", piece.rendition, piece.container, piece.data, piece.arrived, piece.follows)
        findings = self.examiner.examine(task)
        self.looks[piece.arrived] = len(findings.looks)
        self.state.take(findings, piece.rendition, piece.arrived)
        while self._scrape_due <= piece.arrived:
            self._levels.append(self.state.short_term)
            self._scrape_due += SCRAPE
        for alarm in self._due(piece.arrived):
            self.raised.setdefault(alarm, piece.arrived - BEGIN)

    def _due(self, now: float) -> Iterable[str]:
        moments, limits = self.state.moments, self._limits
        for alarm, threshold, end, begin in (
            ("PictureMissing", "picture_missing_seconds", moments.examined, moments.decoded),
            ("PictureBlack", "picture_black_seconds", moments.seen, moments.lit),
            ("PictureFrozen", "picture_frozen_seconds", moments.seen, moments.changed),
            ("SoundMissing", "sound_missing_seconds", moments.audio_examined, moments.listened),
            ("SoundSilent", "sound_silent_seconds", moments.listened, moments.heard),
        ):
            if end is not None and begin is not None and end - begin > limits[threshold]:
                yield alarm
                if alarm.startswith("Sound"):
                    self._quiet_until = now + WINDOW * SCRAPE
        if self.state.expected(now).silent:
            self._quiet_until = now + WINDOW * SCRAPE
        if any(self.state.changes("picture").values()):
            yield "PictureFormatChanged"
        # As the rule asks: the median of two minutes, of a level that is known for so long.
        known = [level for level in self._levels if level is not None]
        if len(self._levels) == WINDOW and self._levels[0] is not None and now >= self._quiet_until:
            median = float(np.median(known))
            if not limits["sound_loudness_low"] <= median <= limits["sound_loudness_high"]:
                yield "SoundLoudnessWrong"


def renumbered(data: bytes, before: Sequence[bytes]) -> list[bytes]:
    """Return packets whose continuity counters follow those of the packets before, as a multiplexer would send them."""
    last: dict[int, int] = {}
    for sent in before:
        if sent[3] & 0x10:
            last[_pid(sent)] = sent[3] & 0x0F
    found = []
    for at in range(0, len(data), PACKET):
        packet = bytearray(data[at : at + PACKET])
        pid = _pid(packet)
        if packet[3] & 0x10:
            last[pid] = (last.get(pid, -1) + 1) & 0x0F
        packet[3] = packet[3] & 0xF0 | last.get(pid, 0)
        found.append(bytes(packet))
    return found


def _pid(packet: bytes | bytearray) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]
