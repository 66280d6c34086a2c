"""Loudness by EBU R 128, as FFmpeg's filter ebur128 measures it, and the last moment at which anything was heard."""

from collections.abc import Iterator

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph

# Amplitude below which a sample counts as silence: -60 dB of full scale, the default of FFmpeg's silencedetect.
SILENCE = 10 ** (-60 / 20)
_SHORT_TERM = 3.0  # seconds (EBU Tech 3341)
_MOMENTARY = 0.4
_FLOOR = -120.7  # what ebur128 gives for no signal at all


class Loudness:
    """Measures sound that comes without a gap; another format needs another object."""

    def __init__(self, frame: AudioFrame) -> None:
        self._graph = Graph()
        source = self._graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base,
        )
        meter = self._graph.add("ebur128", "metadata=1")
        sink = self._graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        self._graph.configure()
        self._seconds = 0.0
        self._last: dict[str, str] = {}

    def take(self, frame: AudioFrame) -> None:
        """Take the next samples."""
        self._seconds += frame.samples / frame.sample_rate
        self._graph.push(frame)
        for measured in self._measured():
            self._last = dict(measured.metadata)

    @property
    def momentary(self) -> float | None:
        """Loudness of the last 400 ms in LUFS; None until so much has come."""
        return self._value("lavfi.r128.M", _MOMENTARY)

    @property
    def short_term(self) -> float | None:
        """Loudness of the last 3 s in LUFS; None until so much has come."""
        return self._value("lavfi.r128.S", _SHORT_TERM)

    def _value(self, name: str, least: float) -> float | None:
        text = self._last.get(name)
        if text is None or self._seconds < least:
            return None
        return max(_FLOOR, float(text)) if text not in ("nan", "-nan") else None

    def _measured(self) -> Iterator[AudioFrame]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if isinstance(frame, AudioFrame):
                yield frame


def last_heard(frame: AudioFrame) -> float | None:
    """Return the seconds from the frame's beginning to its last sample that is no silence; None where all are."""
    samples = frame.to_ndarray()
    if samples.dtype.kind == "f":
        loud = np.abs(samples) > SILENCE
    elif samples.dtype == np.uint8:
        loud = np.abs(samples.astype(np.int16) - 128) > SILENCE * 128
    else:
        loud = np.abs(samples.astype(np.float64)) > SILENCE * 2.0 ** (8 * samples.dtype.itemsize - 1)
    places = np.flatnonzero(loud.any(axis=0))
    if not len(places):
        return None
    each = 1 if frame.format.is_planar else len(frame.layout.channels)
    return float(places[-1] // each) / frame.sample_rate
