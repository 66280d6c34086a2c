"""Parameters that a manifest wants in the addresses of its segments (annex I), as players put them in."""

import pytest

from agent.sources.streams import dash
from agent.sources.streams.live import Init, Resource
from tests.unit.streams.media import fragment, init
from tests.unit.streams.test_dash import NOON
from tests.unit.streams.test_session import World
from tests.unit.streams.test_session import manifest as of_world

URL = "https://edge/live/news/manifest.mpd?a=1&tok=%2Fx%3D"
# The example of dash.js's issue 4440.
WHOLE = (
    '<EssentialProperty schemeIdUri="urn:mpeg:dash:urlparam:2014" xmlns:up="urn:mpeg:dash:schema:urlparam:2014">'
    '<up:UrlQueryInfo queryTemplate="$querypart$" useMPDUrlQuery="true"/></EssentialProperty>'
)


def extended(attributes: str, name: str = "SupplementalProperty") -> str:
    return f'<{name} schemeIdUri="urn:mpeg:dash:urlparam:2016"><up:ExtUrlQueryInfo {attributes}/></{name}>'


def manifest(mpd: str = "", adaptation: str = "", representation: str = "", base: str = "") -> str:
    return (
        f'<MPD type="dynamic" availabilityStartTime="2026-03-01T12:00:00Z">{mpd}{base}<Period start="PT0S">'
        f'<AdaptationSet mimeType="video/mp4">{adaptation}<SegmentTemplate duration="2" initialization="i.mp4" '
        f'media="$Number$.m4s"/><Representation id="v">{representation}</Representation></AdaptationSet></Period></MPD>'
    )


def resources(text: str) -> tuple[Resource, Resource]:
    """Return the newest segment and its initialization section."""
    (offer,) = dash.parse(text, URL).offers(NOON + 21.5)
    assert offer.live is not None
    assert offer.live.segment is not None
    assert isinstance(offer.live.segment.init, Init)
    return offer.live.segment.resource, offer.live.segment.init.resource


@pytest.mark.parametrize(
    ("text", "added"),
    [
        (manifest(), ""),
        (manifest(mpd=WHOLE), "?a=1&tok=%2Fx%3D"),
        (manifest(adaptation=WHOLE), "?a=1&tok=%2Fx%3D"),
        (manifest(representation=WHOLE), "?a=1&tok=%2Fx%3D"),
        (manifest(mpd=extended('queryTemplate="$querypart$" queryString="s=7"')), "?s=7"),
        (
            manifest(mpd=extended('queryTemplate="$querypart$" queryString="s=7" useMPDUrlQuery="1"')),
            "?a=1&tok=%2Fx%3D&s=7",
        ),
        (manifest(mpd=extended('queryTemplate="$query:a$&amp;$query:b$&amp;x=$$" useMPDUrlQuery="true"')), "?a=1&x=$"),
        (manifest(mpd=WHOLE, representation=extended('queryTemplate="$querypart$" queryString="s=7"')), "?s=7"),
        (manifest(mpd=extended('queryTemplate="$querypart$" queryString="s=7" includeInRequests="mpd steering"')), ""),
        (manifest(mpd='<RequestParam queryTemplate="$querypart$" queryString="s=7" includeInRequests="*"/>'), "?s=7"),
        (manifest(mpd=extended('queryTemplate="$querypart$" queryString="s=7"').replace("2016", "2099")), ""),
    ],
)
def test_segments_and_initialization_sections_get_them(text: str, added: str) -> None:
    media, section = resources(text)

    assert media.urls == (f"https://edge/live/news/10.m4s{added}",)
    assert section.urls == (f"https://edge/live/news/i.mp4{added}",)


def test_they_go_to_the_manifests_own_server_only_where_it_says_so() -> None:
    own = extended('queryTemplate="$querypart$" useMPDUrlQuery="true" sameOriginOnly="true"')
    media, _ = resources(manifest(mpd=own, base="<BaseURL>https://other/</BaseURL><BaseURL>./</BaseURL>"))

    assert media.urls == ("https://other/10.m4s", "https://edge/live/news/10.m4s?a=1&tok=%2Fx%3D")


def test_an_address_may_have_parameters_of_its_own() -> None:
    text = manifest(mpd=WHOLE).replace("$Number$.m4s", "$Number$.m4s?n=2#t")

    assert resources(text)[0].urls == ("https://edge/live/news/10.m4s?n=2&a=1&tok=%2Fx%3D#t",)


def test_a_channel_that_takes_segments_with_its_token_only_is_up() -> None:
    world = World("http://edge/live/index?token=7")
    world.paths = {"live/index": of_world(WHOLE), "live/i": lambda url: init() if url.endswith("?token=7") else "no"}
    for number in range(280, 340):
        world.paths[f"live/s-{number}"] = lambda url: fragment() if url.endswith("?token=7") else "no"

    assert world.look()
    assert world.asked == ["live/index?token=7", "live/i?token=7", "live/s-300?token=7"]
