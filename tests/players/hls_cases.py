"""HLS channels, whole and spoilt, for players and for the probe."""

import base64
import gzip
import re
import zlib
from collections.abc import Callable

import brotli
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tests.players.media import COUNT, SECONDS, media
from tests.players.server import Answer, Handler, Request

TYPE, TS, MP4 = "application/vnd.apple.mpegurl", "video/mp2t", "video/mp4"
WINDOW = 6
KEY = bytes(range(16))
PAGE = Answer(b"<!doctype html><html><body>no such stream</body></html>", "text/html")
MASTER = "#EXTM3U\n#EXT-X-VERSION:6\n"
CODECS = 'CODECS="avc1.42c00a,mp4a.40.2"'
CASES: dict[str, Handler] = {}


def file(name: str) -> bytes:
    return (media() / name).read_bytes()


def newest(request: Request) -> int:
    return min(int((request.now - request.began) / SECONDS) - 1, COUNT - 1)


def playlist(
    request: Request, uri: str = "ts{}.ts", *, head: str = "", each: str = "", target: str = "2", tail: str = ""
) -> str:
    last = newest(request)
    first = max(0, last - WINDOW + 1)
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
    lines += [f"#EXT-X-TARGETDURATION:{target}"] if target else []
    lines += [head] if head else []
    for number in range(first, last + 1):
        lines += [each.format(number)] if each else []
        lines += ["#EXTINF:2.000,", uri.format(number)]
    return "\n".join([*lines, tail])


def typed(text: str | bytes, type_: str | None = TYPE, *headers: str) -> Answer:
    return Answer(text.encode() if isinstance(text, str) else text, type_, headers=headers)


def stored(request: Request) -> Answer | None:
    """Answer with a file of the media, as far as the channel has come."""
    number = re.search(r"(\d+)\.(ts|m4s|aac)$", request.path)
    if number is not None and int(number[1]) > newest(request):
        return None
    name = request.path.rpartition("/")[2]
    found = media() / name
    if not re.fullmatch(r"[a-z0-9]+\.(ts|m4s|mp4|aac)", name) or not found.exists():
        return None
    return Answer(found.read_bytes(), TS if name.endswith("ts") else MP4)


def case(name: str) -> Callable[[Handler], Handler]:
    def add(handler: Handler) -> Handler:
        CASES[name] = handler
        return handler

    return add


def add(
    name: str, live: Callable[[Request], Answer | str | None], **others: Callable[[Request], Answer | None]
) -> None:
    """Add a case: its playlist at live.m3u8, and answers for paths that begin with a name of `others`."""

    def handler(request: Request) -> Answer | None:
        if request.path == "live.m3u8":
            found = live(request)
            return typed(found) if isinstance(found, str) else found
        for begin, answer in others.items():
            if request.path.startswith(begin):
                return answer(request)
        return stored(request)

    CASES[name] = handler


def data(content: bytes) -> str:
    """Return an address that holds its content."""
    return "data:application/octet-stream;base64," + base64.b64encode(content).decode()


def nothing(_: Request) -> None:
    return None


def page(_: Request) -> Answer:
    return PAGE


def raw(head: bytes, *, chunked: bytes = b"", newline: bytes = b"\r\n") -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        body = playlist(request).encode()
        if chunked:
            body = b"%x%s\r\n%s\r\n0\r\n\r\n" % (len(body), chunked, body)
        lines = (head % len(body) if b"%d" in head else head).split(b"\n")
        return Answer(raw=newline.join([*lines, b"", b""]) + body)

    return answer


OK = b"HTTP/1.1 200 OK\nContent-Type: application/vnd.apple.mpegurl\nConnection: close"
FMP4 = '#EXT-X-MAP:URI="video.mp4"'

# --- whole channels ---
add("hls-ts", playlist)
add("hls-fmp4", lambda request: playlist(request, "video{}.m4s", head=FMP4))
add("hls-packed-audio", lambda request: playlist(request, "packed{}.aac"))
add("hls-discontinuity", lambda request: playlist(request, each="#EXT-X-PROGRAM-DATE-TIME:not a date"))
add(
    "hls-broken-ad-tags",
    lambda request: playlist(request, each="#EXT-X-DATERANGE:ID=,DURATION=x\n#EXT-X-CUE-OUT-CONT:="),
)

# --- the playlist over HTTP ---
add("hls-gzip", lambda r: typed(gzip.compress(playlist(r).encode(), mtime=0), TYPE, "Content-Encoding: gzip"))
add("hls-deflate", lambda r: typed(zlib.compress(playlist(r).encode()), TYPE, "Content-Encoding: deflate"))
add("hls-brotli", lambda r: typed(brotli.compress(playlist(r).encode()), TYPE, "Content-Encoding: br"))
add("hls-gzip-that-is-none", lambda r: typed(playlist(r), TYPE, "Content-Encoding: gzip"))
add("hls-odd-encoding", lambda r: typed(playlist(r), TYPE, "Content-Encoding: utf-8"))
add("hls-as-html", lambda r: typed(playlist(r), "text/html"))
add("hls-without-type", lambda r: typed(playlist(r), None))
add("hls-404", nothing)
add("hls-page", page)
add("hls-503", lambda _: Answer(b"", None, "503 Service Unavailable"))
add(
    "hls-redirect",
    lambda _: Answer(b"", None, "302 Found", ("Location: moved/live",)),
    **{"moved/live": lambda r: typed(playlist(r, "../ts{}.ts"))},
)
add("hls-redirect-without-end", lambda _: Answer(b"", None, "302 Found", ("Location: live.m3u8",)))
add("hls-header-with-blank", raw(OK + b"\nContent-Length: %d\nX-Cache Status: HIT"))
add("hls-chunk-with-blank", raw(OK + b"\nTransfer-Encoding: chunked", chunked=b"  "))
add("hls-http10", raw(b"HTTP/1.0 200 OK\nContent-Type: audio/x-mpegurl"))
add("hls-line-feeds", raw(OK + b"\nContent-Length: %d", newline=b"\n"))
add("hls-latin-header", raw(OK + b"\nContent-Length: %d\nX-Title: Caf\xe9"))
add(
    "hls-length-too-long",
    lambda r: Answer(
        raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\nConnection: close\r\n\r\n" + playlist(r).encode()
    ),
)

# --- its text ---
add("hls-cp1251-title", lambda r: typed(playlist(r).replace("2.000,", "2.000,Новости").encode("cp1251")))
add("hls-bom-crlf", lambda r: typed(b"\xef\xbb\xbf" + playlist(r).replace("\n", "\r\n").encode()))
add("hls-utf16", lambda r: typed(playlist(r).encode("utf-16")))
add("hls-target-below", lambda r: playlist(r, target="1"))
add("hls-target-0", lambda r: playlist(r, target="0"))
add("hls-target-missing", lambda r: playlist(r, target=""))
add("hls-empty", lambda _: "")
add("hls-no-segments", lambda _: "#EXTM3U\n#EXT-X-TARGETDURATION:2\n")
add("hls-no-extm3u", lambda r: playlist(r).replace("#EXTM3U\n", ""))
add("hls-skip-unasked", lambda r: playlist(r, head="#EXT-X-SKIP:SKIPPED-SEGMENTS=0"))
add(
    "hls-parts",
    lambda r: playlist(r, tail='#EXT-X-PART:DURATION=0.5,URI="part.ts"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p2.ts"'),
)
add("hls-define", lambda r: playlist(r, "{{$p}}{}.ts", head='#EXT-X-DEFINE:NAME="p",VALUE="ts"'))
add("hls-define-unknown", lambda r: playlist(r, "{{$p}}{}.ts"))
add("hls-define-import-alone", lambda r: playlist(r, "{{$p}}{}.ts", head='#EXT-X-DEFINE:IMPORT="p"'))
add(
    "hls-define-import",
    lambda _: MASTER + f'#EXT-X-DEFINE:NAME="p",VALUE="ts"\n#EXT-X-STREAM-INF:BANDWIDTH=1,{CODECS}\nmedia.m3u8\n',
    media=lambda r: typed(playlist(r, "{{$p}}{}.ts", head='#EXT-X-DEFINE:IMPORT="p"')),
)
add(
    "hls-define-query",
    lambda _: MASTER + f"#EXT-X-STREAM-INF:BANDWIDTH=1,{CODECS}\nmedia.m3u8?p=ts\n",
    media=lambda r: typed(playlist(r, "{{$p}}{}.ts", head='#EXT-X-DEFINE:QUERYPARAM="p"')),
)

# --- segments ---
add("hls-segments-404", playlist, ts=nothing)
add("hls-segments-403", playlist, ts=lambda _: Answer(b"", None, "403 Forbidden"))
add("hls-segments-pages", playlist, ts=page)
add("hls-segments-empty", playlist, ts=lambda _: Answer(b"", TS))
add("hls-segments-as-html", playlist, ts=lambda r: (found := stored(r)) and Answer(found.body, "text/html"))
add("hls-segments-redirected", playlist, ts=lambda r: Answer(b"", None, "302 Found", (f"Location: over/{r.path}",)))
add("hls-all-gaps", lambda r: playlist(r, each="#EXT-X-GAP"))


def early(request: Request) -> Answer | None:
    number = int(re.findall(r"\d+", request.path)[-1])
    late = request.now - request.began < (number + 1) * SECONDS + 1
    return None if late else stored(request)


add("hls-newest-early", playlist, ts=early)
add("hls-map-404", lambda r: playlist(r, "video{}.m4s", head='#EXT-X-MAP:URI="gone.mp4"'))
add("hls-map-page", lambda r: playlist(r, "video{}.m4s", head='#EXT-X-MAP:URI="page"'), page=page)
add(
    "hls-map-empty", lambda r: playlist(r, "video{}.m4s", head='#EXT-X-MAP:URI="none"'), none=lambda _: Answer(b"", MP4)
)
add("hls-map-data", lambda r: playlist(r, "video{}.m4s", head=f'#EXT-X-MAP:URI="{data(file("video.mp4"))}"'))
add(
    "hls-map-without-movie",
    lambda r: playlist(r, "video{}.m4s", head='#EXT-X-MAP:URI="none"'),
    none=lambda _: Answer(file("video.mp4")[:28], MP4),
)
add("hls-fragments-without-map", lambda r: playlist(r, "video{}.m4s"))
add(
    "hls-fragments-without-media",
    lambda r: playlist(r, "video{}.m4s", head=FMP4),
    video=lambda r: stored(r) if r.path == "video.mp4" else Answer(file("video0.m4s")[:24], MP4),
)


def ranged(request: Request) -> Answer:
    """Answer with one file of all segments: a range of it, or the whole."""
    body = b"".join(file(f"ts{number}.ts") for number in range(COUNT))
    asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
    if asked is None:
        return Answer(body, TS)
    first, last = int(asked[1]), int(asked[2])
    head = f"Content-Range: bytes {first}-{last}/{len(body)}"
    return Answer(body[first : last + 1], TS, "206 Partial Content", (head,))


def ranges(request: Request) -> str:
    sizes = [len(file(f"ts{number}.ts")) for number in range(COUNT)]
    text = playlist(request, "all?{}")
    return re.sub(r"all\?(\d+)", lambda m: f"#EXT-X-BYTERANGE:{sizes[int(m[1])]}@{sum(sizes[: int(m[1])])}\nall", text)


add("hls-byte-ranges", ranges, all=ranged)

# --- encryption ---
IV = "0x" + "00" * 16


def encrypted(request: Request) -> Answer | None:
    found = stored(request)
    if found is None:
        return None
    padding = 16 - len(found.body) % 16
    encryptor = Cipher(AES(KEY), CBC(bytes(16))).encryptor()
    return Answer(encryptor.update(found.body + bytes([padding]) * padding), TS)


ENCRYPTED = f'#EXT-X-KEY:METHOD=AES-128,URI="key",IV={IV}'
add("hls-aes", lambda r: playlist(r, head=ENCRYPTED), ts=encrypted, key=lambda _: Answer(KEY))
add(
    "hls-aes-key-data",
    lambda r: playlist(r, head=ENCRYPTED.replace('"key"', f'"{data(KEY)}"')),
    ts=encrypted,
)
add("hls-aes-key-404", lambda r: playlist(r, head=ENCRYPTED), ts=encrypted)
add("hls-aes-key-page", lambda r: playlist(r, head=ENCRYPTED), ts=encrypted, key=page)
add("hls-aes-key-wrong", lambda r: playlist(r, head=ENCRYPTED), ts=encrypted, key=lambda _: Answer(bytes(16)))


# --- transport streams ---
def pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def rewritten(change: Callable[[bytes], bytes]) -> Callable[[Request], Answer | None]:
    def answer(request: Request) -> Answer | None:
        found = stored(request)
        if found is None:
            return None
        packets = (found.body[at : at + 188] for at in range(0, len(found.body), 188))
        return Answer(b"".join(map(change, packets)), TS)

    return answer


NULL = (bytes([0x47, 0x1F, 0xFF, 0x10])).ljust(188, b"\xff")
PAT, PMT, PICTURES, SOUND = 0, 0x1000, 0x100, 0x101
for _name, _out in {
    "pat": (PAT,), "pmt": (PMT,), "tables": (PAT, PMT), "media": (PICTURES, SOUND),
    "sound": (SOUND,), "pictures": (PICTURES,),
}.items():  # fmt: skip
    add(f"ts-without-{_name}", playlist, ts=rewritten(lambda one, out=_out: b"" if pid(one) in out else one))  # type: ignore[misc]
add("ts-nulls", playlist, ts=rewritten(lambda _: NULL))
add(
    "ts-marked-scrambled",
    playlist,
    ts=rewritten(lambda one: one if pid(one) in (PAT, PMT) else one[:3] + bytes([one[3] | 0xC0]) + one[4:]),
)
add(
    "ts-scrambled",
    playlist,
    ts=rewritten(
        lambda one: (
            one if pid(one) in (PAT, PMT) else one[:3] + bytes([one[3] | 0xC0]) + bytes(byte ^ 0x5A for byte in one[4:])
        )
    ),
)

# --- several renditions ---
TWO = (
    MASTER
    + f"#EXT-X-STREAM-INF:BANDWIDTH=100000,{CODECS}\none.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=100000,{CODECS}\ntwo.m3u8\n"
)
GROUP = (
    MASTER + '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="kk",DEFAULT=YES,AUTOSELECT=YES,URI="sound.m3u8"\n'
    '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="ru",URI="text.m3u8"\n'
    f'#EXT-X-STREAM-INF:BANDWIDTH=100000,{CODECS},AUDIO="a",SUBTITLES="s"\npictures.m3u8\n'
)


def pictures(request: Request) -> Answer:
    return typed(playlist(request, "video{}.m4s", head=FMP4))


def sound(request: Request) -> Answer:
    return typed(playlist(request, "audio{}.m4s", head='#EXT-X-MAP:URI="audio.mp4"'))


add("hls-master", lambda _: TWO, one=lambda r: typed(playlist(r)), two=lambda r: typed(playlist(r)))
add("hls-master-backup", lambda _: TWO, one=nothing, two=lambda r: typed(playlist(r)))
add(
    "hls-master-backup-of-segments",
    lambda _: TWO,
    one=lambda r: typed(playlist(r, "x{}.ts")),
    two=lambda r: typed(playlist(r)),
)
add("hls-master-all-404", lambda _: TWO, one=nothing, two=nothing)
add("hls-master-media-without-type", lambda _: TWO, one=lambda r: typed(playlist(r), None), two=nothing)
add("hls-master-of-pages", lambda _: TWO, one=page, two=page)
add("hls-sound-apart", lambda _: GROUP, pictures=pictures, sound=sound)
add("hls-sound-404", lambda _: GROUP, pictures=pictures, sound=nothing)
add("hls-sound-segments-404", lambda _: GROUP, pictures=pictures, sound=sound, audio=nothing)
add(
    "hls-sound-cp1251", lambda _: typed(GROUP.replace("kk", "Русский").encode("cp1251")), pictures=pictures, sound=sound
)
