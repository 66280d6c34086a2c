"""A live channel of low latency: DASH in chunks, HLS in parts of half a second, each there when its time has come."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

from tests.players.media import COUNT, SECONDS

PART, PARTS = 0.5, 4
_BEHIND = 10.0  # seconds that are there when the first player comes
_PICTURE = "0"  # the track of which chosen segments are slow

MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,AUTOSELECT=YES,URI="live1.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=150000,CODECS="avc1.42c00a,mp4a.40.2",RESOLUTION=128x72,AUDIO="a"
live0.m3u8
"""
MPD = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" profiles="urn:mpeg:dash:profile:isoff-live:2011"
  availabilityStartTime="{began}" publishTime="{began}" minimumUpdatePeriod="PT500S" timeShiftBufferDepth="PT30S"
  suggestedPresentationDelay="PT3S" minBufferTime="PT1S" maxSegmentDuration="PT2S">
<ServiceDescription id="0"><Latency target="3000" max="20000" min="1000"/></ServiceDescription>
<Period id="1" start="PT0S">
<AdaptationSet contentType="video" mimeType="video/mp4" segmentAlignment="true">
<SegmentTemplate timescale="1" duration="2" startNumber="1" availabilityTimeOffset="1.5"
  availabilityTimeComplete="false" initialization="ll0.mp4" media="ll0-$Number$.m4s"/>
<Representation id="v" codecs="avc1.42c00a" bandwidth="100000" width="128" height="72"/></AdaptationSet>
<AdaptationSet contentType="audio" mimeType="audio/mp4" segmentAlignment="true">
<SegmentTemplate timescale="1" duration="2" startNumber="1" availabilityTimeOffset="1.5"
  availabilityTimeComplete="false" initialization="ll1.mp4" media="ll1-$Number$.m4s"/>
<Representation id="a" codecs="mp4a.40.2" bandwidth="48000" audioSamplingRate="48000"/></AdaptationSet>
</Period></MPD>
"""


class Live:
    """The channel as one player sees it, from its first request on; segments count from 1."""

    def __init__(self, folder: Path, slow: Mapping[int, float]) -> None:
        self._folder, self._slow = folder, slow
        self._began = time.time() - _BEHIND

    async def answer(self, name: str, query: str) -> AsyncIterator[bytes]:
        """Yield what there is of a name as it comes; nothing of what will never be."""
        stem, _, suffix = name.rpartition(".")
        if name == "live.m3u8":
            yield MASTER.encode()
        elif suffix == "mpd":
            began = datetime.fromtimestamp(self._began, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            yield MPD.format(began=began).encode()
        elif suffix == "m3u8":
            yield await self._playlist(stem.removeprefix("live"), query)
        elif suffix == "mp4":
            yield (self._folder / name).read_bytes()
        else:
            async for chunk in self._segment(stem):
                yield chunk

    async def _segment(self, stem: str) -> AsyncIterator[bytes]:
        """Yield the chunks of ll0-7, or of ll0-7.2 only that part."""
        track, _, place = stem.removeprefix("ll").partition("-")
        number, _, part = place.partition(".")
        if not 1 <= int(number) <= COUNT:
            return
        chunks = chunks_of((self._folder / f"ll{track}-{number}.m4s").read_bytes())
        for index in [int(part)] if part else range(len(chunks)):
            await self._until(int(number), index)
            if index == 0 and track == _PICTURE:
                await asyncio.sleep(self._slow.get(int(number), 0.0))
            yield chunks[index]

    async def _until(self, number: int, part: int) -> None:
        there = self._began + (number - 1) * SECONDS + (part + 1) * PART
        await asyncio.sleep(max(0.02, there - time.time()))

    async def _playlist(self, track: str, query: str) -> bytes:
        wanted = {key: int(values[0]) for key, values in parse_qs(query).items() if key in ("_HLS_msn", "_HLS_part")}
        if "_HLS_msn" in wanted:
            await self._until(wanted["_HLS_msn"], min(wanted.get("_HLS_part", PARTS - 1), PARTS - 1))
        there = min(int((time.time() - self._began) / PART), COUNT * PARTS)  # parts
        lines = [
            "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1",
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3 * PART}",
            f'#EXT-X-PART-INF:PART-TARGET={PART}\n#EXT-X-MAP:URI="ll{track}.mp4"',
        ]
        for part in range(there):
            number, index = part // PARTS + 1, part % PARTS
            if index == 0:
                moment = datetime.fromtimestamp(self._began + part * PART, UTC)
                lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{moment.isoformat(timespec='milliseconds')}")
            if part >= there - 3 * PARTS:
                first = ",INDEPENDENT=YES" if index == 0 else ""
                lines.append(f'#EXT-X-PART:DURATION={PART},URI="ll{track}-{number}.{index}.m4s"{first}')
            if index == PARTS - 1:
                lines.append(f"#EXTINF:{SECONDS},\nll{track}-{number}.m4s")
        if there < COUNT * PARTS:
            hint = f"ll{track}-{there // PARTS + 1}.{there % PARTS}.m4s"
            lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{hint}"')
        else:
            lines.append("#EXT-X-ENDLIST")
        return ("\n".join(lines) + "\n").encode()


def chunks_of(segment: bytes) -> list[bytes]:
    """Return a segment as its chunks: each ends with its box of media (mdat)."""
    chunks, begin, at = [], 0, 0
    while at < len(segment):
        size = int.from_bytes(segment[at : at + 4], "big")
        at += size
        if segment[at - size + 4 : at - size + 8] == b"mdat":
            chunks.append(segment[begin:at])
            begin = at
    return chunks
