"""`ott-agent probe` against a server: each step of one look, readable and as JSON."""

import json
import subprocess
import sys
from pathlib import Path

from tests.players.server import Answer, Channels, Request, served
from tests.unit.streams.media import programme

MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\nmedia.m3u8\n"
MEDIA = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2,\na.ts\n"


def handle(request: Request) -> Answer | None:
    bodies = {
        "live.m3u8": MASTER.encode(),
        "media.m3u8": MEDIA.encode(),
        "a.ts": programme(),
        "odd.m3u8": b"#EXTM\x1b[2J",
    }
    body = bodies.get(request.path)
    return None if body is None else Answer(body, "video/mp2t" if request.path == "a.ts" else "audio/mpegurl")


def probe(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", "probe", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_every_step_of_a_look_is_shown() -> None:
    with served(Channels({"a": handle}, {})) as address:
        done = probe(f"{address}/a/x/live.m3u8")
    assert done.returncode == 0, done.stderr
    for part in (
        "a multivariant playlist: 1 variant, 0 sounds",
        "a media playlist: segments 7 to 7, target duration 2.0",
        f"{address}/a/x/a.ts",
        "transport stream, 53 packets, programme 1: PID 256 (H.264), PID 257 (AAC)",
        "verdict      up: a player has something to play",
    ):
        assert part in done.stdout


def test_the_same_as_json() -> None:
    with served(Channels({"a": handle}, {})) as address:
        done = probe("--json", "--renditions", "all", f"{address}/a/x/live.m3u8")
        gone = probe("--json", f"{address}/a/x/gone.m3u8")
    found = json.loads(done.stdout)
    assert (found["up"], found["faults"], found["not_judged"]) == (True, {}, {})
    assert [step["url"] and step["url"].rpartition("/")[2] for step in found["steps"] if step["url"]] == [
        *("live.m3u8", "media.m3u8", "a.ts")
    ]
    assert gone.returncode == 1
    assert json.loads(gone.stdout)["faults"] == {"playlist_status": "the channel's address: answered 404 Not Found"}


def test_what_came_from_outside_gives_a_terminal_no_orders() -> None:
    with served(Channels({"a": handle}, {})) as address:
        done = probe(f"{address}/a/x/odd.m3u8")
    assert done.returncode == 1
    assert "\x1b" not in done.stdout


def test_a_channel_of_the_settings(tmp_path: Path) -> None:
    settings = tmp_path / "agent.toml"
    with served(Channels({"a": handle}, {})) as address:
        settings.write_text(f'[[stream]]\nchannel = "news"\nurl = "{address}/a/x/live.m3u8"\n')
        assert probe("--config", str(settings), "--channel", "news").returncode == 0
        other = probe("--config", str(settings), "--channel", "other")
    assert (other.returncode, other.stderr.strip()) == (
        2,
        f"ott-agent probe: {settings} has no [[stream]] with channel = “other”",
    )


def test_a_call_that_makes_no_sense_says_so() -> None:
    for arguments in ((), ("ftp://a/b",), ("http://a/", "--deadline", "soon"), ("--channel", "x")):
        done = probe(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("ott-agent probe: ")
