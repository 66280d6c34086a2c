"""Loudness is that of ffmpeg's ebur128, through encoding, multicast, pieces and decoding."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.contract.picture.watch import Watch
from tests.support.channels import Format, Part, encode, film, programme


@pytest.mark.parametrize(("sound", "level"), [("aac", -23.0), ("mp2", -16.0), ("ac3", -31.0)])
def test_short_term_loudness_agrees_with_ffmpeg(tmp_path: Path, sound: str, level: float) -> None:
    part = Part(8.0, film(), programme(level), Format(sound=sound))
    watch = Watch()
    watch.play([part])
    (tmp_path / "channel.ts").write_bytes(encode(part))
    expected = _ffmpeg(tmp_path / "channel.ts")
    at = watch.state.moments.listened
    assert at is not None
    assert watch.state.short_term is not None
    assert watch.state.momentary is not None
    # The sound repeats itself within a second: the short-term value hardly moves, the momentary one follows its swell.
    assert watch.state.short_term == pytest.approx(expected[-1][1], abs=0.1)
    assert min(abs(watch.state.momentary - momentary) for momentary, _ in expected) <= 0.1


def _ffmpeg(path: Path) -> list[tuple[float, float]]:
    """Return (momentary, short-term) every 100 ms as Debian's ffmpeg gives them."""
    command = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "info",
        "-i",
        str(path),
        "-vn",
        "-af",
        "ebur128=framelog=info",
        "-f",
        "null",
        "-",
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    found = re.findall(r"M:\s*(-?[\d.]+) S:\s*(-?[\d.]+)", text)
    return [(float(momentary), float(short)) for momentary, short in found]
