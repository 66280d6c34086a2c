"""DASH channels, whole and spoilt, for players and for the probe."""

import gzip
import time
from collections.abc import Callable

from tests.players.hls_cases import MP4, WINDOW, data, file, newest, nothing, page, stored
from tests.players.media import SECONDS
from tests.players.server import Answer, Handler, Request

TYPE = "application/dash+xml"
CASES: dict[str, Handler] = {}
VIDEO_CODEC, AUDIO_CODEC = 'codecs="avc1.42c00a"', 'codecs="mp4a.40.2"'
INIT = ' initialization="$RepresentationID$.mp4"'


def stamp(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03d}Z"


def timeline(request: Request, more: int = 0, shift: int = 0) -> str:
    last = newest(request)
    numbers = range(max(0, last - WINDOW + 1), last + 1 + more)
    return "".join(f'<S t="{(number + shift) * SECONDS * 1000}" d="{SECONDS * 1000}"/>' for number in numbers)


def template(
    request: Request, media: str = "$RepresentationID$$Number$.m4s", *, init: str = INIT, more: int = 0
) -> str:
    first = max(0, newest(request) - WINDOW + 1)
    listed = f"<SegmentTimeline>{timeline(request, more)}</SegmentTimeline>"
    return f'<SegmentTemplate timescale="1000" startNumber="{first}"{init} media="{media}">{listed}</SegmentTemplate>'


def formula(media: str = "$RepresentationID$$Number$.m4s", attributes: str = "") -> str:
    return f'<SegmentTemplate timescale="1" duration="2" startNumber="0"{INIT} media="{media}"{attributes}/>'


def pictures(addressing: str, mime: str = MP4, name: str = "video") -> str:
    attributes = f'id="{name}" bandwidth="100000" width="128" height="72" {VIDEO_CODEC}'
    inner = f"<Representation {attributes}>{addressing}</Representation>"
    return f'<AdaptationSet contentType="video" mimeType="{mime}">{inner}</AdaptationSet>'


def sound(addressing: str, mime: str = "audio/mp4", codec: str = AUDIO_CODEC, name: str = "audio") -> str:
    inner = (
        f'<Representation id="{name}" bandwidth="48000" audioSamplingRate="48000" {codec}>{addressing}</Representation>'
    )
    return f'<AdaptationSet contentType="audio" mimeType="{mime}" lang="kk">{inner}</AdaptationSet>'


def mpd(
    request: Request, periods: str, attributes: str = "", *, began: float | None = None, update: str = "PT2S"
) -> Answer:
    start = stamp(request.began if began is None else began)
    head = (
        f'availabilityStartTime="{start}" minimumUpdatePeriod="{update}" timeShiftBufferDepth="PT12S" '
        f'minBufferTime="PT2S" publishTime="{stamp(request.now)}" '
        f'profiles="urn:mpeg:dash:profile:isoff-live:2011" {attributes}'
    )
    schema = 'xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return Answer(f'<?xml version="1.0"?><MPD {schema} type="dynamic" {head}>{periods}</MPD>'.encode(), TYPE)


def period(content: str, attributes: str = 'id="1" start="PT0S"') -> str:
    return f"<Period {attributes}>{content}</Period>"


def add(name: str, live: Callable[[Request], Answer | None], **others: Callable[[Request], Answer | None]) -> None:
    def handler(request: Request) -> Answer | None:
        if request.path == "live.mpd":
            return live(request)
        for begin, answer in others.items():
            if request.path.startswith(begin):
                return answer(request)
        if request.path.startswith("webm"):
            return Answer(file(request.path), "audio/webm")
        return stored(request)

    CASES[name] = handler


def simple(request: Request, **how: str) -> Answer:
    return mpd(request, period(pictures(template(request, **how))))  # type: ignore[arg-type]


# --- whole channels ---
add("dash-timeline", simple)
add("dash-sound", lambda r: mpd(r, period(pictures(template(r)) + sound(template(r)))))
add("dash-formula", lambda r: mpd(r, period(pictures(formula()))))
add(
    "dash-run-to-now",
    lambda r: mpd(
        r,
        period(
            pictures(
                f'<SegmentTemplate timescale="1" startNumber="0"{INIT} media="$RepresentationID$$Number$.m4s">'
                '<SegmentTimeline><S t="0" d="2" r="-1"/></SegmentTimeline></SegmentTemplate>'
            )
        ),
    ),
)
add(
    "dash-numbers-with-width",
    lambda r: simple(r, media="n$Number%05d$.m4s"),
    n=lambda r: stored(Request(f"video{int(r.path[1:6])}.m4s", {}, {}, r.base, r.began, r.now)),
)
add(
    "dash-times",
    lambda r: simple(r, media="t$Time$"),
    t=lambda r: stored(Request(f"video{int(r.path[1:]) // 2000}.m4s", {}, {}, r.base, r.began, r.now)),
)
add("dash-base-url", lambda r: mpd(r, "<BaseURL>deep/</BaseURL>" + period(pictures(template(r)))))
add("dash-segment-list", lambda r: mpd(r, period(pictures(listed(r)))))
add(
    "dash-two-periods",
    lambda r: mpd(
        r, period(pictures(part(0, 4)), 'id="a" start="PT0S" duration="PT8S"') + period(pictures(part(4)), 'id="b"')
    ),
)


def listed(request: Request) -> str:
    last = newest(request)
    first = max(0, last - WINDOW + 1)
    urls = "".join(f'<SegmentURL media="video{number}.m4s"/>' for number in range(first, last + 1))
    times = f"<SegmentTimeline>{timeline(request)}</SegmentTimeline>"
    init = '<Initialization sourceURL="video.mp4"/>'
    return f'<SegmentList timescale="1000" startNumber="{first}">{init}{times}{urls}</SegmentList>'


def part(first: int, count: int | None = None) -> str:
    offset = f' presentationTimeOffset="{first * 2}"' if first else ""
    end = "" if count is None else f' endNumber="{first + count - 1}"'
    attributes = f'timescale="1" duration="2" startNumber="{first}"{offset}{end}{INIT}'
    return f'<SegmentTemplate {attributes} media="$RepresentationID$$Number$.m4s"/>'


# --- HTTP and text ---
add("dash-404", nothing)
add("dash-page", page)
add("dash-gzip", lambda r: Answer(gzip.compress(simple(r).body, mtime=0), TYPE, headers=("Content-Encoding: gzip",)))
add("dash-as-html", lambda r: Answer(simple(r).body, "text/html"))
add("dash-bom", lambda r: Answer(b"\xef\xbb\xbf" + simple(r).body, TYPE))
add("dash-cut-off", lambda r: Answer(simple(r).body[:-120], TYPE))
add(
    "dash-stray-ampersand",
    lambda r: Answer(simple(r).body.replace(b"<Period", b"<BaseURL>?a=1&b=2</BaseURL><Period", 1), TYPE),
)
add("dash-doctype", lambda r: Answer(simple(r).body.replace(b"<MPD", b"<!DOCTYPE MPD><MPD", 1), TYPE))
add("dash-unbound-prefix", lambda r: Answer(simple(r).body.replace(b"<Period", b"<Period scte35:x='1'", 1), TYPE))
add(
    "dash-ended",
    lambda r: Answer(simple(r).body.replace(b'"dynamic"', b'"static" mediaPresentationDuration="PT16S"'), TYPE),
)
add("dash-without-start-time", lambda r: Answer(simple(r).body.replace(b"availabilityStartTime", b"x-start"), TYPE))
add("dash-timescale-0", lambda r: Answer(simple(r).body.replace(b'timescale="1000"', b'timescale="0"'), TYPE))
add("dash-update-unreadable", lambda r: mpd(r, period(pictures(template(r))), update="2s"))
add("dash-delay-unreadable", lambda r: mpd(r, period(pictures(template(r))), 'suggestedPresentationDelay="10"'))
add("dash-start-unreadable", lambda r: mpd(r, period(pictures(template(r)), 'id="1" start="0"')))
add("dash-duration-decimal", lambda r: Answer(simple(r).body.replace(b'd="2000"', b'd="2000.0"'), TYPE))
add("dash-location-ftp", lambda r: mpd(r, "<Location>ftp://e/live.mpd</Location>" + period(pictures(template(r)))))
add("dash-no-period", lambda r: mpd(r, ""))
add("dash-empty-period", lambda r: mpd(r, period("")))

# --- what a start needs ---
add("dash-init-404", lambda r: simple(r, init=' initialization="gone.mp4"'))
add("dash-init-page", lambda r: simple(r, init=' initialization="page"'), page=page)
add("dash-init-data", lambda r: simple(r, init=f' initialization="{data(file("video.mp4"))}"'))
add("dash-without-init", lambda r: simple(r, init=""))
add("dash-segments-404", lambda r: simple(r, media="gone$Number$.m4s"))
add("dash-segments-pages", lambda r: simple(r, media="page$Number$"), page=page)
add("dash-sound-404", lambda r: mpd(r, period(pictures(template(r)) + sound(template(r, "gone$Number$.m4s")))))

# --- beside the pictures ---
add("dash-tiles", lambda r: mpd(r, period(pictures(template(r)) + tiles(r))), tile=nothing)
add(
    "dash-text-404",
    lambda r: mpd(
        r,
        period(
            pictures(template(r))
            + '<AdaptationSet contentType="text" mimeType="text/vtt" lang="ru"><Representation id="t" bandwidth="1">'
            "<BaseURL>gone.vtt</BaseURL></Representation></AdaptationSet>"
        ),
    ),
)
WINDING = '<EssentialProperty schemeIdUri="http://dashif.org/guidelines/trickmode" value="1"/>'
add(
    "dash-winding-alone-is-there",
    lambda r: mpd(r, period(winding(template(r)) + pictures(template(r, "gone$Number$.m4s"), name="main"))),
    main=lambda _: Answer(file("video.mp4"), MP4),
)
add(
    "dash-winding-404",
    lambda r: mpd(r, period(winding(template(r, "gone$Number$.m4s")) + pictures(template(r), name="video"))),
)
add(
    "dash-first-sound-404",
    lambda r: mpd(r, period(pictures(template(r)) + sound(template(r, "gone$Number$.m4s")) + sound(template(r)))),
)
add("dash-webm-sound", lambda r: mpd(r, period(pictures(template(r)) + webm(r))))


def winding(addressing: str) -> str:
    return pictures(addressing, name="video").replace("<Representation", WINDING + "<Representation", 1)


def tiles(request: Request) -> str:
    tile = '<EssentialProperty schemeIdUri="http://dashif.org/guidelines/thumbnail_tile" value="2x2"/>'
    inner = f'<Representation id="tile" bandwidth="1" width="64" height="64">{tile}</Representation>'
    addressing = template(request, "tile$Number$.jpg", init="")
    return f'<AdaptationSet contentType="image" mimeType="image/jpeg">{addressing}{inner}</AdaptationSet>'


def webm(request: Request) -> str:
    first = max(0, newest(request) - WINDOW + 1)
    listed_ = f"<SegmentTimeline>{timeline(request)}</SegmentTimeline>"
    attributes = f'timescale="1000" startNumber="{first + 1}" initialization="webm.init" media="webm$Number$.webm"'
    addressing = f"<SegmentTemplate {attributes}>{listed_}</SegmentTemplate>"
    return sound(addressing, "audio/webm", 'codecs="opus"', "webm")


# --- redundancy and sessions ---
BASES = "<BaseURL serviceLocation='a'>gone/</BaseURL><BaseURL serviceLocation='b'>./</BaseURL>"
add("dash-base-url-backup", lambda r: mpd(r, BASES + period(pictures(template(r)))), **{"gone/": nothing})
add("dash-location", lambda r: mpd(r, f"<Location>{r.base}/live.mpd?s=1</Location>" + period(pictures(template(r)))))
add(
    "dash-redirect",
    lambda _: Answer(b"", None, "302 Found", ("Location: there/real",)),
    **{"there/real": lambda r: mpd(r, "<BaseURL>../</BaseURL>" + period(pictures(template(r))))},
)


# --- clocks ---
def late(seconds: float) -> Callable[[Request], Answer | None]:
    return lambda r: stored(Request(r.path, r.query, r.headers, r.base, r.began, r.now - seconds))


def behind(request: Request) -> Request:
    """Return the request as a server sees it whose clock is eight seconds behind."""
    return Request(request.path, {}, {}, request.base, request.began, request.now - 8)


def clocked(scheme: str, value: str = "clock") -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        given = stamp(request.now - 8) if value == "now" else f"{request.base}/{value}"
        clock = f'<UTCTiming schemeIdUri="urn:mpeg:dash:utc:{scheme}:2014" value="{given}"/>'
        return mpd(request, clock + period(pictures(formula())), update="PT60S")

    return answer


def told(request: Request) -> Answer:
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(request.now - 8))
    return Answer(stamp(request.now - 8).encode(), "text/plain", headers=(f"Date: {date}",))


add(
    "dash-late-within-delay",
    lambda r: mpd(r, period(pictures(formula())), 'suggestedPresentationDelay="PT10S"'),
    video=lambda r: stored(r) if r.path == "video.mp4" else late(3)(r),
)
for _scheme, _value in (("direct", "now"), ("http-head", "clock"), ("http-iso", "clock"), ("http-xsdate", "clock")):
    add(
        f"dash-clock-{_scheme}",
        clocked(_scheme, _value),
        clock=told,
        video=lambda r: stored(r) if r.path == "video.mp4" else stored(behind(r)),
    )
add("dash-timeline-ahead", lambda r: mpd(r, period(pictures(template(r, more=3)))))
add("dash-period-ahead", lambda r: mpd(r, period(pictures(template(r)), 'id="1" start="PT1H"')))
add(
    "dash-next-period-without-start",
    lambda r: mpd(r, period(pictures(template(r))) + period(pictures(template(r)), 'id="next"')),
)
add(
    "dash-xlink-dead",
    lambda r: mpd(r, period(pictures(template(r)), 'id="1" start="PT0S" xlink:href="gone.xml" xlink:actuate="onLoad"')),
)
add("dash-ts", lambda r: mpd(r, period(pictures(template(r, "ts$Number$.ts", init=""), "video/mp2t"))))
