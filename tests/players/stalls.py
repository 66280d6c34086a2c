"""Let real players stall, and record what they said: `python -m tests.players.stalls [--rounds N]` writes stalls.json.

Each run plays 48 seconds from a server that is slow with chosen segments. What is recorded is the server's log (start
and end of each request, its target), when the player says that it stalled, and when no picture followed the last.
"""

import argparse
import asyncio
import json
import random
import re
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.players.live import Live
from tests.players.media import COUNT, SECONDS, media
from tests.players.play import _FILES as FILES
from tests.players.play import HERE, installed

RECORDED, ACTS_RECORDED, LOW_LATENCY_RECORDED = (HERE / f"{name}.json" for name in ("stalls", "acts", "low_latency"))
PATIENCE = 150.0
AT_ONCE = 4
LEAVES = 9.0  # seconds after which a viewer leaves who has seen nothing yet
ACTS = ("pause", "seek", "leave")
LOW_LATENCY = (("hls", "live.m3u8"), ("shaka", "live.m3u8"), ("shaka", "live.mpd"), ("dash", "live.mpd"))
MODES = ("query", "header")
_HEADERS = re.compile(r"(?i)\r\ncmcd-(?:request|object|status|session):[ \t]*([^\r]*)")
_TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml", ".ts": "video/mp2t"}
_SEGMENTS = ("ts", "video")  # of which one is slow; the sound follows its picture

MASTER = """#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.42c00a,mp4a.40.2",RESOLUTION=128x72
ts.m3u8
"""
MPD = f"""<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="urn:mpeg:dash:profile:isoff-live:2011"
  mediaPresentationDuration="PT{SECONDS * COUNT}S" minBufferTime="PT2S"><Period id="1" start="PT0S">
<AdaptationSet contentType="video" mimeType="video/mp4" segmentAlignment="true">
<SegmentTemplate timescale="1" duration="{SECONDS}" startNumber="0" initialization="video.mp4"
  media="video$Number$.m4s"/>
<Representation id="v" codecs="avc1.42c00a" bandwidth="250000" width="128" height="72"/></AdaptationSet>
<AdaptationSet contentType="audio" mimeType="audio/mp4" segmentAlignment="true">
<SegmentTemplate timescale="1" duration="{SECONDS}" startNumber="0" initialization="audio.mp4"
  media="audio$Number$.m4s"/>
<Representation id="a" codecs="mp4a.40.2" bandwidth="48000" audioSamplingRate="48000"/></AdaptationSet>
</Period></MPD>
"""
KINDS = (
    ("hls", "ts.m3u8"),
    ("hls", "master.m3u8"),
    ("shaka", "master.m3u8"),
    ("shaka", "static.mpd"),
    ("dash", "static.mpd"),
)


@dataclass
class Run:
    """One player on one address."""

    player: str
    path: str
    version: int
    mode: str  # of CMCD: "query" or "header"
    slow: dict[int, float]  # seconds by the number of the segment
    act: str = ""  # what the viewer does: "pause", "seek", or "leave" before anything is played
    # start, end, target, and what the four headers say together
    requests: list[tuple[float, float, str, str]] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)


class Server:
    """Answers `/NUMBER/PATH` with the media, slowly where the run wants it."""

    def __init__(self, runs: list[Run], folder: Path) -> None:
        self._runs, self._folder = runs, folder
        modules = installed()
        self._pages = {name: (modules / file).read_bytes() for name, file in FILES.items()}
        self._pages["stalls.html"] = (HERE / "stalls.html").read_bytes()
        self._made = {"master.m3u8": MASTER.encode(), "static.mpd": MPD.encode()}
        self._live: dict[int, Live] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                cmcd = ",".join(_HEADERS.findall(head))
                await self._answer(head.split(" ", 2)[1], cmcd, writer)
        writer.close()

    async def _answer(self, target: str, cmcd: str, writer: asyncio.StreamWriter) -> None:
        began = time.time()
        first, _, name = urlsplit(target).path.lstrip("/").partition("/")
        run = self._runs[int(first)] if first.isdigit() else None
        if run is not None and run.path.startswith("live"):
            live = self._live.setdefault(int(first), Live(self._folder, run.slow))
            await _send_as_it_comes(live.answer(name, urlsplit(target).query), name, writer)
            run.requests.append((began, time.time(), target.removeprefix(f"/{first}"), cmcd))
            return
        body = self._pages.get(name, b"") if run is None else self._content(name)
        if run is not None:
            await asyncio.sleep(_delay(run, name))
        kind = (
            "text/html"
            if name.endswith(".html")
            else _TYPES.get(Path(name).suffix, "text/javascript" if run is None else "video/mp4")
        )
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nCache-Control: no-store\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        if run is not None:
            run.requests.append((began, time.time(), target.removeprefix(f"/{first}"), cmcd))

    def _content(self, name: str) -> bytes:
        return self._made[name] if name in self._made else (self._folder / name).read_bytes()


async def _send_as_it_comes(chunks: AsyncIterator[bytes], name: str, writer: asyncio.StreamWriter) -> None:
    kind = _TYPES.get(Path(name).suffix, "video/mp4")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\nCache-Control: no-store\r\n\r\n"
    async for chunk in chunks:
        writer.write(head.encode() + b"%x\r\n%b\r\n" % (len(chunk), chunk))
        await writer.drain()
        head = ""
    writer.write(b"0\r\n\r\n" if not head else b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


def _delay(run: Run, name: str) -> float:
    stem = Path(name).stem
    for kind in _SEGMENTS:
        number = stem.removeprefix(kind)
        if number != stem and number.isdigit():
            return run.slow.get(int(number), 0.02)
    return 0.02


@contextmanager
def serving(server: Server) -> Iterator[str]:
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(asyncio.start_server(server.serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def play(runs: list[Run], at_once: int = AT_ONCE) -> None:
    """Fill each run with its requests and its account; so many play side by side."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: apt-get install chromium"
    arguments = [*ARGUMENTS, "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    arguments += ["--disable-background-timer-throttling", "--disable-renderer-backgrounding"]
    with (
        serving(Server(runs, media())) as address,
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=program, args=arguments)) as browser,
    ):
        waiting = list(enumerate(runs))
        open_: list[tuple[Run, Page, float]] = []
        while waiting or open_:
            while waiting and len(open_) < at_once:
                number, run = waiting.pop(0)
                page = browser.new_context().new_page()
                url = quote(f"{address}/{number}/{run.path}", safe="")
                page.goto(
                    f"{address}/page/stalls.html?player={run.player}&url={url}&version={run.version}"
                    f"&sid=run-{number}&mode={run.mode}&act={run.act}"
                )
                open_.append((run, page, time.monotonic() + (LEAVES if run.act == "leave" else PATIENCE)))
            time.sleep(0.3)
            for one in list(open_):
                run, page, end = one
                run.account = page.evaluate("window.account")
                if run.account["ended"] or run.account["error"] or time.monotonic() > end:
                    page.context.close()
                    open_.remove(one)


def acts() -> list[Run]:
    """Return runs of every player in which nothing is slow, but for the start of those who leave."""
    return [
        Run(player, path, 1 + number % 2, "query", {0: 30.0} if act == "leave" else {}, act)
        for number, act in enumerate(ACTS)
        for player, path in KINDS
    ]


def runs(rounds: int, clean: int) -> list[Run]:
    """Return runs of every player, with two to four slow segments each, and clean ones; by a fixed seed."""
    chance = random.Random(16)
    made = []
    for number in range(rounds + clean):
        for player, path in KINDS:
            for version in (1, 2):
                places = chance.sample((5, 9, 13, 17, 21), chance.randint(2, 4) if number < rounds else 0)
                slow = {place: round(chance.uniform(5.0, 9.0), 1) for place in places}
                made.append(Run(player, path, version, MODES[number % 2], slow))
    return made


def low_latency(rounds: int, clean: int) -> list[Run]:
    """Return runs of the live channel, with one or two slow segments each, and clean ones; by a fixed seed."""
    chance = random.Random(17)
    made = []
    for number in range(rounds + clean):
        for player, path in LOW_LATENCY:
            for version in (1, 2):
                places = chance.sample((10, 16), chance.randint(1, 2) if number < rounds else 0)
                slow = {place: round(chance.uniform(5.0, 7.0), 1) for place in places}
                made.append(Run(player, path, version, MODES[number % 2], slow))
    return made


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.players.stalls", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each player with slow segments")
    parser.add_argument("--clean", type=int, default=1, help="runs of each player without")
    parser.add_argument("--player", nargs="+", choices=sorted({player for player, _ in KINDS}), help="only these")
    parser.add_argument("--acts", action="store_true", help="only pauses, seeks and viewers who leave at once")
    parser.add_argument(
        "--low-latency", action="store_true", help="a live channel in chunks and parts of half a second"
    )
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="players side by side")
    parser.add_argument("--output", type=Path, default=RECORDED)
    given = parser.parse_args()
    make = low_latency if given.low_latency else runs
    wanted = acts() if given.acts else make(given.rounds, given.clean)
    wanted = [run for run in wanted if run.player in (given.player or (run.player,))]
    play(wanted, given.at_once)
    lines = [
        json.dumps(
            {
                "player": run.player,
                "path": run.path,
                "version": run.version,
                "mode": run.mode,
                "act": run.act,
                "account": run.account,
                "requests": [[round(start, 3), round(end, 3), *rest] for start, end, *rest in run.requests],
            }
        )
        for run in wanted
    ]
    given.output.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


if __name__ == "__main__":
    main()
