"""One channel from look to look: what is kept as a player keeps it, and what a look does when it no longer plays."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from agent.sources.streams.fetch import Answer, Ask, Fetcher, FetchError, Taker, Trouble
from agent.sources.streams.probe import Channel
from agent.sources.streams.reasons import Reason
from agent.sources.streams.settings import StreamSettings
from service.settings import Seconds
from tests.unit.streams.media import fragment, init, programme

NOON = 1772366400.0  # 2026-03-01T12:00:00Z
URL = "http://edge/live/index"
Body = bytes | str | FetchError | tuple[str, "Body"]


class World:
    """An edge at a moment: the body of each path, an error, or where it is redirected to and what is there."""

    def __init__(self, url: str = URL, **settings: Any) -> None:
        self.now = NOON + 600
        self.paths: dict[str, Callable[[str], Body] | Body] = {}
        self.asked: list[str] = []
        self.channel = Channel(StreamSettings("a", URL, Seconds(2.0), Seconds(2.0), **settings), url, lambda: self.now)

    async def get(self, url: str, taker: Taker, *, deadline: float, ask: Ask = Ask()) -> float:  # noqa: B008
        self.asked.append(url.removeprefix("http://edge/") if ask.method == "GET" else f"{ask.method} {url}")
        found: Any = self.paths.get(url.partition("?")[0].removeprefix("http://edge/"), None)
        body = found(url) if callable(found) else found
        redirected = isinstance(body, tuple)
        if isinstance(body, tuple):
            url, body = body
        if body is None:
            raise FetchError(Trouble.MISSING, "answered 404")
        if isinstance(body, FetchError):
            raise body
        kind = "audio/mpegurl" if isinstance(body, str) else "video/mp2t"
        taker.head(Answer(url, 200, kind, "Sun, 01 Mar 2026 12:09:52 GMT", redirected))
        taker.piece(body.encode() if isinstance(body, str) else body)
        return 0.1

    def look(self, seconds: float = 2.0) -> bool | None:
        self.asked.clear()
        self.now += seconds
        asyncio.run(self.channel.probe(cast("Fetcher", self)))
        return self.channel.up

    def names(self) -> set[Reason]:
        return set(self.channel.faults)

    def media(self, *lines: str, uri: str = "s.ts") -> str:
        number = int((self.now - NOON) / 2)
        head = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", f"#EXT-X-MEDIA-SEQUENCE:{number}", *lines]
        return "\n".join([*head, *(f"#EXTINF:2,\n{uri}?{number + place}" for place in range(4))])


def hls(world: World) -> World:
    """Give the world a whole channel."""
    world.paths = {"live/index": lambda _: world.media(), "live/s.ts": programme()}
    return world


MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2\n{0}a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\n{0}b.m3u8\n"
PLAIN_MASTER = MASTER.format("")


def master(world: World, text: Callable[[str], Body] | Body = PLAIN_MASTER) -> World:
    world.paths = {"live/index": text, "live/s.ts": programme()}
    world.paths |= {f"live/{name}.m3u8": (lambda _: world.media()) for name in "ab"}
    return world


def manifest(content: str, attributes: str = "") -> str:
    return (
        f'<MPD type="dynamic" availabilityStartTime="2026-03-01T12:00:00Z" {attributes}>{content}<Period start="PT0S">'
        '<AdaptationSet mimeType="video/mp4"><SegmentTemplate duration="2" initialization="i" media="s-$Number$"/>'
        '<Representation id="v"/></AdaptationSet></Period></MPD>'
    )


def dash(world: World, content: str = "", newest: Callable[[], int] | None = None) -> World:
    """Give the world a channel by formula; its segments are there up to `newest`."""

    def segment(number: int) -> Callable[[str], Body]:
        missing = FetchError(Trouble.MISSING, "answered 404")
        return lambda _: fragment() if newest is None or number <= newest() else missing

    world.paths = {"live/index": manifest(content), "live/i": init()}
    world.paths |= {f"live/s-{number}": segment(number) for number in range(280, 340)}
    return world


def test_a_redirect_of_the_first_request_is_kept() -> None:
    world = hls(World())
    opened: list[str] = []

    def open_(_: str) -> Body:
        opened.append("")
        return (f"http://edge/session/{len(opened)}/index", world.media(uri="/live/s.ts"))

    world.paths["live/index"] = open_
    world.paths["session/1/index"] = lambda _: world.media(uri="/live/s.ts")
    assert [world.look() for _ in range(5)] == [True] * 5
    assert (len(opened), world.asked[0]) == (1, "session/1/index")
    # The session has ended at the server: a player begins again, and it is no fault.
    del world.paths["session/1/index"]
    assert world.look()
    assert (len(opened), world.names()) == (2, set())


def test_a_redirect_of_a_renditions_playlist_is_kept() -> None:
    world = master(World())
    world.paths["live/a.m3u8"] = lambda _: ("http://edge/live/other/a.m3u8", world.media(uri="../s.ts"))
    world.paths["live/other/a.m3u8"] = lambda _: world.media(uri="../s.ts")
    assert [world.look() for _ in range(3)] == [True] * 3
    assert world.asked[0] == "live/other/a.m3u8"
    assert world.look(61)  # the multivariant playlist is read again, and names the same
    assert world.asked[:2] == ["live/index", "live/other/a.m3u8"]


def test_the_location_of_a_manifest_is_kept() -> None:
    world = dash(World(), "<Location>session?id=7</Location>")
    world.paths["live/session"] = manifest("")
    assert [world.look() for _ in range(4)] == [True] * 4
    assert world.asked[0] == "live/session?id=7"


def windowed(world: World, *, numbered: bool = True, name: Callable[[int], str] = str) -> Callable[[str], Body]:
    """Give a playlist of four segments of a channel that has a discontinuity before each tenth segment."""

    def text(_: str) -> str:
        first = int((world.now - NOON) / 2)
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        if numbered:
            lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{(first - 1) // 10}")
        for number in range(first, first + 4):
            lines += [
                *(["#EXT-X-DISCONTINUITY"] if number % 10 == 0 else []),
                "#EXTINF:2,",
                f"s.ts/{name(number)}?{first}",
            ]
        return "\n".join(lines)

    return text


@pytest.mark.parametrize("numbered", [True, False])
def test_a_discontinuity_that_leaves_the_playlist_uncounted_is_told(numbered: bool) -> None:
    """Without EXT-X-DISCONTINUITY-SEQUENCE: issue 1172 of hls.js, 736 of nginx-vod-module."""
    world = World()
    world.paths = {"live/index": windowed(world, numbered=numbered)}
    world.paths |= {f"live/s.ts/{number}": programme() for number in range(290, 340)}

    told = [number for number in range(301, 322) if world.look() and Reason.PLAYLIST_INVALID in world.names()]

    assert world.channel.up
    assert told == ([] if numbered else [311, 321])


def test_segments_that_change_their_address_are_told() -> None:
    """Numbers that do not move on with the segments, as a packager wrote them in issue 37 of grafov/m3u8."""
    world = World()
    shift = {"by": 0}
    world.paths = {"live/index": windowed(world, name=lambda number: str(number + shift["by"]))}
    world.paths |= {f"live/s.ts/{number}": programme() for number in range(290, 340)}

    assert [world.look() and world.names() for _ in range(2)] == [set(), set()]
    shift["by"] = 1
    assert world.look()
    assert "had another file name at the look before" in world.channel.faults[Reason.PLAYLIST_INVALID]
    assert world.look()
    assert world.names() == set()


def test_a_folder_that_changes_from_look_to_look_is_no_contradiction() -> None:
    """Tokens in the path, and edges that take turns."""
    world, folders = World(), itertools.cycle(["s.ts", "./s.ts"])
    text = windowed(world)
    world.paths = {"live/index": lambda url: cast("str", text(url)).replace("s.ts", next(folders))}
    world.paths |= {f"live/s.ts/{number}": programme() for number in range(290, 340)}

    assert [world.look() and world.names() for _ in range(4)] == [set()] * 4


def test_what_another_server_lists_is_not_compared() -> None:
    world = World()
    text = windowed(world)
    world.paths = {"live/index": text}
    world.paths |= {f"live/s.ts/{number}": programme() for number in range(290, 340)}
    world.paths |= {f"b/s.ts/{number}": programme() for number in range(290, 340)}
    assert world.look()

    world.paths["live/index"] = lambda url: ("http://edge/b/live", cast("str", text(url)).replace("s.ts", "./s.ts"))
    assert world.look()
    assert Reason.PLAYLIST_INVALID not in world.names()


def test_a_multivariant_playlist_is_read_again_each_minute_and_rarely_where_that_opens_a_session() -> None:
    counted = []

    def open_(_: str) -> Body:
        counted.append("")
        return MASTER.format(f"{len(counted)}/")

    same, sessions = master(World()), master(World(), open_)
    for number in range(1, 60):
        sessions.paths |= {f"live/{number}/a.m3u8": lambda _: sessions.media(uri="../s.ts")}
    reads = 0
    for _ in range(100):
        assert same.look()
        reads += "live/index" in same.asked
        assert sessions.look()
    assert (reads, len(counted)) == (4, 2)


def test_a_dead_primary_is_told_and_the_backup_plays() -> None:
    world = master(World())
    del world.paths["live/a.m3u8"]
    assert world.look()
    assert world.names() == {Reason.PLAYLIST_STATUS}
    assert world.asked[:3] == ["live/index", "live/a.m3u8", "live/b.m3u8"]
    assert world.look()
    assert world.asked[0] == "live/b.m3u8"  # a player stays with what plays
    del world.paths["live/b.m3u8"]
    assert world.look() is False


def test_the_sound_that_belongs_to_the_pictures_must_play() -> None:
    text = (
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="ru",URI="b.m3u8"\n'
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="kk",DEFAULT=YES,URI="k.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO="s"\na.m3u8\n'
    )
    world = master(World(), text)
    assert world.look() is False
    assert "the playlist of sound “kk” of group s: answered 404" in world.channel.faults[Reason.PLAYLIST_STATUS]
    world.paths["live/k.m3u8"] = lambda _: world.media()
    assert world.look()


def test_sound_that_stands_still_beside_pictures_that_go_on_is_told() -> None:
    """As in issue 3775 of shaka-player, the other way round: players stop when one of the two has run out."""
    text = (
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="kk",DEFAULT=YES,URI="k.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO="s"\na.m3u8\n'
    )
    world = master(World(), text)
    world.channel.settings = replace(world.channel.settings, segment_interval=Seconds(12.0))
    stuck: list[str] = []
    world.paths["live/k.m3u8"] = lambda _: stuck[0] if stuck else world.media()

    def waited() -> float:
        assert world.look()
        samples = {sample.metric.name: sample.value for sample in world.channel.samples()}
        advanced = samples["ott_stream_advanced_timestamp_seconds"]
        assert isinstance(advanced, float)
        return world.now - advanced

    assert [waited() for _ in range(12)] == [0.0] * 12
    stuck.append(world.media())
    assert max(waited() for _ in range(15)) > 12
    assert Reason.PLAYLIST_STALLED in world.names()
    stuck.clear()
    assert waited() == 0.0
    assert world.names() == set()


@pytest.mark.parametrize(
    ("kk", "up"),
    [
        ('NAME="kk",DEFAULT=YES', True),  # within the variant: nothing to fetch
        ('NAME="kk",DEFAULT=YES,URI=""', True),
        ('NAME="kk"', False),  # a player begins with the first that is named
        ('NAME="kk",DEFAULT=YES,URI="gone.m3u8"', False),
    ],
)
def test_sound_within_the_variant_is_that_with_which_players_begin(kk: str, up: bool) -> None:
    text = (
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="ru",URI="r.m3u8"\n'
        f'#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO="s"\na.m3u8\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",{kk}\n'
    )
    world = master(World(), text)
    assert world.look() is up
    assert world.names() == (set() if up else {Reason.PLAYLIST_STATUS})
    assert ("live/r.m3u8" in world.asked) == ("DEFAULT" not in kk)


def test_a_copy_at_the_next_base_url_is_taken() -> None:
    world = dash(World(), "<BaseURL>gone/</BaseURL><BaseURL>./</BaseURL>")
    assert world.look()
    assert world.names() == {Reason.SEGMENT_MISSING}


@pytest.mark.parametrize(
    ("name", "step", "told"),
    [("5075233002895", 2.0, True), ("5075233002895", 0.0, False), ("", 2.0, False), ("{start}", 2.0, False)],
    ids=["under the same name", "not", "without a name", "under names of their own"],
)
def test_a_period_that_moves_with_each_manifest_is_told(name: str, step: float, told: bool) -> None:
    """A packager in issue 1311 of shaka-player; the first segment and the offset move along, so all seems to fit."""
    world = dash(World())

    def sliding(_: str) -> Body:
        at = int(world.now - NOON) // 2 * 2
        first = at - 20 if step else 560
        tag = f'<Period id="{name}" start="PT{first}S">'.format(start=first)
        template = f'timescale="1" presentationTimeOffset="{first}" initialization="i" media="t-$Time$"'
        timeline = f'<SegmentTimeline><S t="{first}" d="2" r="{(at - first) // 2 - 1}"/></SegmentTimeline>'
        text = manifest("", 'minimumUpdatePeriod="PT2S"').replace('<Period start="PT0S">', tag)
        return text.replace(
            '<SegmentTemplate duration="2" initialization="i" media="s-$Number$"/>',
            f"<SegmentTemplate {template}>{timeline}</SegmentTemplate>",
        )

    world.paths["live/index"] = sliding
    world.paths |= {f"live/t-{at}": fragment() for at in range(560, 700, 2)}
    assert [world.look() for _ in range(3)] == [True] * 3
    assert world.names() == ({Reason.PLAYLIST_INVALID} if told else set())
    if told:
        detail = world.channel.faults[Reason.PLAYLIST_INVALID]
        assert "the Period with the id “5075233002895” begins +2.000 s from where it began" in detail


@pytest.mark.parametrize("step", [0, 7])
def test_a_manifest_that_begins_elsewhere_at_each_look_is_told(step: int) -> None:
    """Issue 720 of shaka-player (Wowza begins again), issue 5136 of dash.js (two encoders behind one address)."""
    world = dash(World())
    looks = iter(range(10))

    def anchored(_: str) -> Body:
        return manifest("").replace("12:00:00Z", f"12:00:{step * (next(looks) % 2):02d}Z")

    world.paths["live/index"] = anchored
    assert [world.look() for _ in range(2)] == [True] * 2
    assert world.names() == ({Reason.PLAYLIST_INVALID} if step else set())
    if step:
        detail = world.channel.faults[Reason.PLAYLIST_INVALID]
        assert "what availabilityStartTime names begins +7.000 s from where it began" in detail


CLOCK = '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:{}" value="{}"/>'


@pytest.mark.parametrize(
    "clock",
    [
        CLOCK.format("http-head:2014", "clock"),
        CLOCK.format("http-iso:2014", "/live/iso"),
        CLOCK.format("http-xsdate:2014", "http://edge/live/iso"),
        CLOCK.format("http-ntp:2014", "ntp") + CLOCK.format("http-xsdate:2012", "gone /live/iso"),
        CLOCK.format("direct:2014", "soon") + CLOCK.format("http-iso:2014", "iso"),
        CLOCK.format("http-head:2012", "clock"),
        CLOCK.format("http-iso:2012", "iso"),
    ],
)
def test_a_server_whose_clock_is_behind_says_so_by_utc_timing(clock: str) -> None:
    world = dash(World(), clock, lambda: int((world.now - 10 - NOON) / 2))
    world.paths |= {"live/clock": b"", "live/iso": lambda _: "2026-03-01T12:09:52Z"}
    world.now = NOON + 598
    assert world.look()
    assert world.names() == set()
    assert world.look()  # the clock is believed for a minute
    assert not any("clock" in one or "iso" in one for one in world.asked)


def test_a_clock_is_relative_to_the_base_of_the_manifest() -> None:
    """Issue 2333 of dash.js; shaka-player reads it so, too."""
    base = "<BaseURL>gone/</BaseURL><BaseURL>http://edge/times/</BaseURL><BaseURL>ftp://edge/</BaseURL>"
    world = dash(World(), base + CLOCK.format("http-iso:2014", "iso"), lambda: int((world.now - 10 - NOON) / 2))
    world.paths["times/iso"] = lambda _: "2026-03-01T12:09:52Z"
    world.now = NOON + 598
    world.look()
    assert [path for path in world.asked if path.endswith("iso")] == ["live/gone/iso", "times/iso"]


def test_a_clock_in_the_manifest_is_read_each_time() -> None:
    world = dash(World(), "", lambda: int((world.now - 10 - NOON) / 2))
    world.paths["live/index"] = lambda _: manifest(CLOCK.format("direct:2014", _stamp(world.now - 8)))
    assert [world.look() for _ in range(4)] == [True] * 4
    assert world.names() == set()


SILENT = FetchError(Trouble.TIMEOUT, "no whole answer within 2 s")


def _silent(asked: list[str]) -> Callable[[str], Body]:
    def wait(url: str) -> Body:
        asked.append(url)
        return SILENT

    return wait


def test_a_clock_that_lets_us_wait_in_vain_is_asked_once_a_minute() -> None:
    world = dash(World(), CLOCK.format("http-xsdate:2014", "http://time.example/?iso http://other.example/"))
    asked: list[str] = []
    for name in ("time", "other"):
        world.paths[f"http://{name}.example/"] = _silent(asked)
    assert [world.look() for _ in range(20)] == [True] * 20
    assert asked == ["http://time.example/?iso", "http://other.example/"]
    world.look(40)
    assert len(asked) == 4


def test_what_a_clock_said_last_holds_while_it_is_silent() -> None:
    world = dash(World(), CLOCK.format("http-iso:2014", "iso"), lambda: int((world.now - 10 - NOON) / 2))
    world.paths["live/iso"] = lambda _: _stamp(world.now - 8) + "Z"
    assert world.look()
    world.paths["live/iso"] = SILENT
    assert [world.look(10) for _ in range(8)] == [True] * 8
    assert world.names() == set()


def test_a_remote_period_that_lets_us_wait_in_vain_is_asked_once_a_minute() -> None:
    world = dash(World())
    asked: list[str] = []
    world.paths["live/index"] = manifest("").replace("<Period", '<Period x:href="ads"')
    world.paths["live/ads"] = _silent(asked)
    assert [world.look() for _ in range(20)] == [True] * 20
    assert len(asked) == 1


def test_an_address_with_the_slashes_of_windows_is_read_as_browsers_read_it() -> None:
    world = hls(World())
    world.paths |= {"live/index": lambda _: world.media(uri="hd\\s.ts"), "live/hd/s.ts": programme()}
    assert world.look()
    assert world.asked[1].startswith("live/hd/s.ts?")


def test_empty_parts_of_an_address_stay() -> None:
    world = hls(World())
    world.paths["live/index"] = lambda _: ("http://edge/proxy//live/a.m3u8", world.media())
    world.paths |= {"proxy//live/a.m3u8": lambda _: world.media(), "proxy//live/s.ts": programme()}
    assert world.look()


def _stamp(moment: float) -> str:
    minutes, seconds = divmod(int(moment - NOON), 60)
    return f"2026-03-01T12:{minutes:02d}:{seconds:02d}"


def test_remote_periods_are_fetched_and_what_does_not_come_is_left_as_it_is() -> None:
    world = dash(World())
    whole = manifest("")
    inner = whole[whole.index("<Period") : whole.index("</MPD>")]
    world.paths["live/index"] = whole.replace(inner, '<Period x:href="remote" x:actuate="onLoad"/>')
    world.paths["live/remote"] = f'<?xml version="1.0"?>{inner}'
    assert world.look()
    world.paths["live/index"] = whole.replace("<Period", '<Period x:href="gone"')
    assert world.look()
    zero = '<Period start="PT0S" x:href="urn:mpeg:dash:resolve-to-zero:2013"/>'
    world.paths["live/index"] = whole.replace("<Period", f"{zero}<Period", 1)
    assert world.look()


@pytest.mark.parametrize("path", ["live/index", "live/k", "live/i", "live/s.ts"])
def test_what_cannot_be_judged_is_no_outage(path: str) -> None:
    world = hls(World())
    tags = '#EXT-X-MAP:URI="i"', '#EXT-X-KEY:METHOD=AES-128,URI="k"'
    world.paths |= {"live/index": lambda _: world.media(*tags), "live/i": init(), "live/k": bytes(16)}
    world.paths[path] = FetchError(Trouble.ENCODING, "came with Content-Encoding zstd")
    assert world.look() is None
    names = {sample.metric.name: sample.labels for sample in world.channel.samples()}
    assert names["ott_stream_not_judged"] == ("a", "encoding")
    assert "ott_stream_up" not in names
    assert world.channel.errors.total() == 0


def test_segments_that_cannot_be_decrypted_are_fetched_and_said_to_be_unjudged() -> None:
    world = hls(World())
    drm = '#EXT-X-KEY:METHOD=AES-128,URI="skd://x",KEYFORMAT="com.apple.streamingkeydelivery"'
    world.paths |= {"live/index": lambda _: world.media(drm), "live/s.ts": bytes(999)}
    assert world.look()
    assert world.channel.limits.keys() == {"encryption"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, Reason.INIT_MISSING),
        ("", Reason.INIT_MALFORMED),
        ("<html>", Reason.INIT_MALFORMED),
        (init()[:20], Reason.INIT_MALFORMED),
        (init()[:-20], Reason.INIT_MALFORMED),
        (init(fragmented=False), Reason.INIT_MALFORMED),  # issue 4274 of ExoPlayer
        (fragment(), Reason.INIT_MALFORMED),
    ],
)
def test_an_initialization_section_is_looked_at(body: Body | None, reason: Reason) -> None:
    world = dash(World())
    world.paths["live/i"] = cast("Body", body)
    assert world.look() is False
    assert world.names() == {reason}


@pytest.mark.parametrize(("key", "ok"), [(None, False), (b"short", False), (bytes(16), False)])
def test_a_key_is_looked_at(key: bytes | None, ok: bool) -> None:
    world = hls(World())
    world.paths["live/index"] = lambda _: world.media('#EXT-X-KEY:METHOD=AES-128,URI="key"')
    world.paths["live/key"] = cast("Body", key)
    assert world.look() is ok
    assert world.names() <= {Reason.KEY_MISSING, Reason.SEGMENT_MALFORMED}


PROTECTED = '<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc" cenc:default_KID="{}"/>'
# Of what shaka-packager 3.8.0 writes for that key.
TENC = bytes.fromhex("00000020 74656e63 00000000 00000108") + bytes([0x11] * 16)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("11111111-1111-1111-1111-111111111111", False),
        ("22222222-2222-2222-2222-222222222222 11111111-1111-1111-1111-111111111111", False),
        ("30303030-3030-3030-3030-303231363235", True),
        ("00000000-0000-0000-0000-000000000000", False),
        ("soon", False),
        ("", False),
    ],
)
def test_a_key_that_the_manifest_names_otherwise_is_told(named: str, told: bool) -> None:
    """Issue 2600 of shaka-player, with that key."""
    world = dash(World())
    text = manifest("").replace("<SegmentTemplate", PROTECTED.format(named) + "<SegmentTemplate")
    world.paths |= {"live/index": text, "live/i": init(codec=b"encv", protection=TENC)}
    assert world.look()
    assert world.names() == ({Reason.PLAYLIST_INVALID} if told else set())
    if told:
        detail = world.channel.faults[Reason.PLAYLIST_INVALID]
        assert f"names the key {'11' * 16}, the manifest 30303030303030303030303231363235" in detail


@pytest.mark.parametrize(("key", "ok"), [(None, False), (b"short", False), (bytes(16), True)])
def test_a_key_of_samples_is_looked_at(key: bytes | None, ok: bool) -> None:
    world = hls(World())
    world.paths["live/index"] = lambda _: world.media('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="key"')
    world.paths["live/key"] = cast("Body", key)
    assert world.look() is ok
    assert world.names() == (set() if ok else {Reason.KEY_MISSING})


def test_messages_name_what_was_wrong_and_never_an_address() -> None:
    world = dash(World())
    world.paths["live/index"] = manifest("").replace('duration="2"', 'duration="two" timescale="1"')
    assert world.look() is False
    assert world.channel.faults[Reason.PLAYLIST_MALFORMED] == (
        "the manifest: representation v of adaptation set 1 has a <SegmentTemplate> whose duration is “two”, not a "
        "whole number"
    )


def test_where_all_renditions_are_wanted_each_has_its_figures() -> None:
    world = World(renditions="all")
    master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2\nhd\n#EXT-X-STREAM-INF:BANDWIDTH=1\nsd\n"
    world.paths = {"live/index": master, "live/hd": lambda _: world.media(), "live/s.ts": programme()}
    assert world.look()

    figures = {
        (one.metric.name.removeprefix("ott_stream_rendition_"), one.labels[1]): one.value
        for one in world.channel.samples()
        if "rendition" in one.metric.name
    }
    good, dead = "variant 1 (2 bit/s)", "variant 2 (1 bit/s)"
    assert (figures["up", good], figures["up", dead]) == (1, 0)
    assert ("segment_download_seconds", good) in figures
    assert {name for name, rendition in figures if rendition == dead} == {"up"}


def test_where_the_first_rendition_is_enough_no_other_has_figures() -> None:
    world = World()
    world.paths = {"live/index": lambda _: world.media(), "live/s.ts": programme()}
    assert world.look()
    assert not any("rendition" in one.metric.name for one in world.channel.samples())
