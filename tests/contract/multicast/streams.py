"""A transport stream made by ffmpeg's constant-rate muxer, and how the probe is given one without a network."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from agent.sources.multicast.analysis import Analysis
from agent.sources.multicast.channel import ChannelAnalyser
from agent.sources.multicast.receive import LONGEST, Datagrams
from agent.sources.multicast.settings import MulticastSettings

PACKET, IN_DATAGRAM = 188, 7
RATE = 4_000_000  # bit/s
TURN = 0.1
VIDEO, AUDIO, PMT = 0x100, 0x101, 0x1000

Packets = list[bytes]


def make(folder: Path, seconds: int = 12, rate: int = RATE) -> Packets:
    """Return the packets of a stream with picture, sound, tables and clock, exact in time."""
    path = folder / "stream.ts"
    inputs = f"-f lavfi -i testsrc2=size=320x240:rate=25:duration={seconds} -f lavfi -i sine=duration={seconds}"
    video = "-c:v libx264 -preset ultrafast -g 50 -b:v 1500k -maxrate 1500k -bufsize 750k"
    output = (
        f"-c:a mp2 -b:a 128k -metadata:s:a:0 language=kaz -f mpegts -muxrate {rate} -pat_period 0.1 -sdt_period 0.5"
    )
    command = f"ffmpeg -nostdin -loglevel error -y {inputs} {video} {output}"
    subprocess.run([*command.split(), str(path)], check=True)
    data = path.read_bytes()
    return [data[at : at + PACKET] for at in range(0, len(data), PACKET)]


def pid_of(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


class Probe:
    """The analysis of one channel, fed with packets at a constant rate."""

    def __init__(self, *, constant_bitrate: bool = True, rtp: bool = False, rate: float = RATE) -> None:
        settings = MulticastSettings("first", "239.0.0.1:5000", constant_bitrate=constant_bitrate)
        self.analysis = Analysis([settings])
        self.rtp, self.now = rtp, 0.0
        self._turn_ends = TURN
        self._step = PACKET * IN_DATAGRAM * 8 / rate
        self._sequence = 65_500

    @property
    def channel(self) -> ChannelAnalyser:
        return self.analysis.channels[0]

    def feed(self, packets: Packets, lost: Sequence[int] = ()) -> None:
        """Feed packets in datagrams of seven, all but those of the datagrams `lost`; judge ten times a second."""
        turn: list[tuple[float, bytes]] = []
        for number, payload in enumerate(_datagrams(packets)):
            self.now += self._step
            self._sequence += 1
            if number not in lost:
                turn.append((self.now, self._header() + payload))
            if self.now >= self._turn_ends:
                self.give(turn)
                turn = []
                self.analysis.tick(self.now)
                self._turn_ends += TURN
        self.give(turn)
        self.analysis.tick(self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass without a packet."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + TURN)
            self.analysis.tick(self.now)
        self._turn_ends = self.now + TURN

    def give(self, datagrams: Sequence[tuple[float, bytes]], dropped: int = 0) -> None:
        """Give the analysis one turn."""
        self.analysis.take(block([(0, moment, data) for moment, data in datagrams], {0: dropped} if dropped else {}))

    def errors(self) -> dict[str, int]:
        """Return the indicators that were raised, by the report's name."""
        return {indicator.title: count for indicator, count in self.channel.indicators.counts.items() if count}

    def _header(self) -> bytes:
        if not self.rtp:
            return b""
        timestamp = int(self.now * 90_000) % (1 << 32)
        return b"\x80\x21" + (self._sequence % 65_536).to_bytes(2, "big") + timestamp.to_bytes(4, "big") + b"\0\0\0\7"


def block(datagrams: Sequence[tuple[int, float, bytes]], dropped: dict[int, int] | None = None) -> Datagrams:
    """Return (channel, arrival, bytes) as the receiver gives them."""
    data = np.zeros((len(datagrams), LONGEST), np.uint8)
    for row, (_, _, content) in enumerate(datagrams):
        data[row, : len(content)] = np.frombuffer(content, np.uint8)
    return Datagrams(
        data,
        np.array([len(content) for _, _, content in datagrams], np.uint32),
        np.array([moment for _, moment, _ in datagrams], np.float64),
        np.array([channel for channel, _, _ in datagrams], np.int32),
        dropped or {},
        [],
    )


def _datagrams(packets: Packets) -> Iterator[bytes]:
    for at in range(0, len(packets), IN_DATAGRAM):
        yield b"".join(packets[at : at + IN_DATAGRAM])
