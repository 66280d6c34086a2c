"""The programme clock of one channel: repetition, jumps, accuracy and the rate that it implies (TR 101 290, 2.3, 2.4).

Accuracy needs no arrival times: at a constant bit rate the byte position of a clock reference says what it should be
(5.3.2.6), so that the jitter of the network is not part of it. It takes every byte that was sent: where packets are
missing, or came twice, nothing is judged across that place. A loss of packets that have a continuity counter, or of
datagrams by RTP, is known. What neither tells, a loss of null packets alone, moves all later references by a whole
number of packets, which a wrong reference does not: the next one is in its place again.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.sources.multicast.indicators import Indicator, Indicators, Interval
from agent.transport.packets import PACKET

HERTZ = 27_000_000
_MODULUS = (1 << 33) * 300
REPETITION = 0.1  # seconds; table 5.0b, note 2: not the 40 ms of before 2005
ACCURACY = 500e-9  # seconds
_WINDOW = 1.0  # seconds of the stream over which accuracy is judged
_FEWEST = 10  # references in a window; below that a line through them says little


@dataclass(slots=True)
class ClockFigures:
    """What the last full window showed."""

    accuracy: float | None = None  # largest deviation, seconds
    bit_rate: float | None = None  # of the transport stream, bit/s


@dataclass(slots=True)
class ProgramClock:
    """One PID with clock references."""

    indicators: Indicators
    pid: int
    constant: bool  # whether the channel has a constant bit rate
    figures: ClockFigures = field(default_factory=ClockFigures)
    interval: Interval = field(init=False)
    _last: int | None = None
    _window: list[tuple[int, int]] = field(default_factory=list)  # (packet position, ticks without wraps)
    _ticks: int = 0
    _judged: bool = False  # whether the first of the window was the last of the one before

    def __post_init__(self) -> None:
        self.interval = Interval(self.indicators, Indicator.PCR_REPETITION, self.pid, REPETITION)

    def take(self, ticks: int, position: int, moment: float, *, announced: bool) -> None:
        """Take a clock reference of 27 MHz in the packet at `position` of the channel, which came at `moment`."""
        self.interval.came(moment)
        if self._last is not None and not announced:
            step = (ticks - self._last) % _MODULUS
            if step > REPETITION * HERTZ:
                self.indicators.count(Indicator.PCR_DISCONTINUITY)
                self.packets_lost()
            self._ticks += step
        else:
            self.packets_lost()
        self._last = ticks
        self._window.append((position, self._ticks))
        if self._ticks - self._window[0][1] >= _WINDOW * HERTZ:
            self._judge()

    def waiting(self, moment: float) -> None:
        """Judge what has not come by `moment`."""
        self.interval.waiting(moment)

    @property
    def longest_interval(self) -> float:
        """The longest time between two references of late, seconds."""
        return self.interval.longest

    def packets_lost(self) -> None:
        """Expect no place in time of what was counted before: packets are missing."""
        self._window.clear()
        self._judged = False

    def restart(self) -> None:
        """Expect nothing of the next reference."""
        self.interval.restart()
        self._last = None
        self.packets_lost()

    def _judge(self) -> None:
        window = np.array(self._window, np.int64)
        position, ticks = (window - window[0]).T.astype(np.float64)
        if self.constant and len(window) >= _FEWEST and (place := _break(position, ticks)) is not None:
            if place < len(window) - 1:
                self._window, self._judged = self._window[place:], False
            return  # the next reference tells whether the last one is wrong or packets are missing before it
        first, self._window, self._judged = int(self._judged), self._window[-1:], True
        if not self.constant or len(window) < _FEWEST:
            self.figures.bit_rate = position[-1] * PACKET * 8 * HERTZ / ticks[-1]
            return
        # The median of the slopes between points half a window apart: a few wrong references do not bend it, as they
        # would a line of least squares, so that each wrong one shows with its whole error and no other with any.
        half = len(window) // 2
        slope = float(np.median((ticks[half:] - ticks[:-half]) / (position[half:] - position[:-half])))
        residual = ticks - slope * position
        deviation = np.abs(residual - np.median(residual))[first:] / HERTZ
        self.figures.accuracy = float(deviation.max())
        self.figures.bit_rate = PACKET * 8 * HERTZ / slope
        self.indicators.count(Indicator.PCR_ACCURACY, int((deviation > ACCURACY).sum()))


def _break(position: NDArray[np.float64], ticks: NDArray[np.float64]) -> int | None:
    """Return the last place before which packets are missing or came twice; None where bytes and clock agree.

    `position` (n,) counts packets, `ticks` (n,) 27 MHz; the place is that of the reference behind. References that a
    multiplexer has moved are out by whole packets, too, but come back to their places: of the steps between them some
    are too long and some too short. What is missing makes all of them too long.
    """
    steps, spans = np.diff(ticks), np.diff(position)
    each = float(np.median(steps / spans))
    excess = steps - each * spans
    out = np.flatnonzero(np.abs(excess) > each / 2)
    beside = np.abs(excess[out] - each * np.rint(excess[out] / each))
    if not len(out) or len(set(np.sign(excess[out]))) > 1 or (beside > 2 * ACCURACY * HERTZ).any():
        return None
    return int(out[-1]) + 1
