"""Media for the players, made by ffmpeg: forty seconds in segments of two, as transport stream, MP4, WebM and AAC."""

import fcntl
import hashlib
import subprocess
from pathlib import Path

from tests.conftest import ROOT

SECONDS = 2
COUNT = 24
_LENGTH = str(SECONDS * COUNT)
_INPUT = ["-f", "lavfi", "-i", f"testsrc=size=128x72:rate=10:duration={_LENGTH}"]
_SOUND = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={_LENGTH}"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "20", "-sc_threshold", "0", "-bf", "0"]
_AAC = ["-c:a", "aac", "-b:a", "48k"]
_TIME = ["-hls_time", str(SECONDS), "-hls_list_size", "0"]
_FMP4 = ["-f", "hls", *_TIME, "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename"]

COMMANDS: tuple[list[str], ...] = (
    [*_INPUT, *_SOUND, *_H264, *_AAC, "-f", "hls", *_TIME, "-hls_segment_filename", "ts%d.ts", "ts.m3u8"],
    [*_INPUT, *_H264, *_FMP4, "video.mp4", "-hls_segment_filename", "video%d.m4s", "video.m3u8"],
    [*_SOUND, *_AAC, *_FMP4, "audio.mp4", "-hls_segment_filename", "audio%d.m4s", "audio.m3u8"],
    [*_SOUND, *_AAC, "-f", "segment", "-segment_time", str(SECONDS), "-segment_format", "adts", "packed%d.aac"],
    [*_SOUND, "-c:a", "libopus", "-b:a", "32k", "-f", "dash", "-dash_segment_type", "webm",
     "-seg_duration", str(SECONDS), "-init_seg_name", "webm.init", "-media_seg_name", "webm$Number$.webm", "webm.mpd"],
    [*_INPUT, *_SOUND, *_H264, *_AAC, "-f", "dash", "-seg_duration", str(SECONDS), "-frag_type", "duration",
     "-frag_duration", "0.5", "-ldash", "1", "-streaming", "1", "-use_timeline", "0",
     "-init_seg_name", "ll$RepresentationID$.mp4", "-media_seg_name", "ll$RepresentationID$-$Number$.m4s", "ll.mpd"],
)  # fmt: skip


def media() -> Path:
    """Return the folder of the media, made once for these commands."""
    stamp = hashlib.sha256(repr(COMMANDS).encode()).hexdigest()[:16]
    folder = ROOT / ".run" / "players" / f"media-{stamp}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            for command in COMMANDS:
                done = subprocess.run(
                    ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *command],
                    cwd=folder, capture_output=True, text=True, timeout=120, check=False,
                )  # fmt: skip
                assert done.returncode == 0, done.stderr
            (folder / "made").touch()
    return folder
