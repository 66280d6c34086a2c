"""HLS playlists (RFC 8216) of a channel."""

from datetime import UTC, datetime

from demo.platform.lineup import SEGMENT_SECONDS, Rendition
from demo.platform.picture import CODECS, FRAME_RATE


def master(renditions: tuple[Rendition, ...]) -> str:
    """Return the playlist that names the renditions, the cheapest first."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for rendition in renditions:
        rate, size = rendition.bits_per_second, rendition.size
        lines += [
            f"#EXT-X-STREAM-INF:BANDWIDTH={rate},AVERAGE-BANDWIDTH={rate},"
            f'CODECS="{CODECS}",RESOLUTION={size.width}x{size.height},FRAME-RATE={FRAME_RATE}.000',
            f"{rendition.name}/index.m3u8",
        ]
    return "\n".join(lines) + "\n"


def media(first: int, count: int) -> str:
    """Return the sliding window of `count` segments from number `first`, which began at `first` segment lengths."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        f"#EXT-X-TARGETDURATION:{SEGMENT_SECONDS}",
        f"#EXT-X-MEDIA-SEQUENCE:{first}",
    ]
    for sequence in range(first, first + count):
        began = datetime.fromtimestamp(sequence * SEGMENT_SECONDS, UTC).isoformat(timespec="milliseconds")
        lines += [
            f"#EXT-X-PROGRAM-DATE-TIME:{began.replace('+00:00', 'Z')}",
            f"#EXTINF:{SEGMENT_SECONDS:.3f},",
            f"{sequence}.ts",
        ]
    return "\n".join(lines) + "\n"
