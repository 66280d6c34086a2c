"""DASH manifests: the newest segment of each representation at a given moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.streams import dash
from agent.sources.streams.live import Live, Segment

URL = "https://edge/live/news/manifest.mpd?token=1"
NOON = 1772366400.0  # 2026-03-01T12:00:00Z
TIMELINE = '<SegmentTimeline><S t="900000" d="180000" r="4"/><S d="90000"/></SegmentTimeline>'


def manifest(
    template: str,
    *,
    timeline: str = "",
    mpd: str = 'availabilityStartTime="2026-03-01T12:00:00Z" minimumUpdatePeriod="PT2S"',
    period: str = 'start="PT0S"',
) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" {mpd}><Period {period}>
<AdaptationSet mimeType="audio/mp4"><SegmentTemplate {template}>{timeline}</SegmentTemplate>
<Representation id="a1" bandwidth="64000"/></AdaptationSet>
<AdaptationSet mimeType="video/mp4"><SegmentTemplate {template}>{timeline}</SegmentTemplate>
<Representation id="v1" bandwidth="300000"/><Representation id="v2" bandwidth="600000"/></AdaptationSet>
</Period></MPD>"""


def first(text: str, now: float) -> Live:
    found = dash.parse(text, URL, now)
    assert not found.ended
    return found.renditions[0]


def test_a_timeline_lists_what_exists() -> None:
    template = 'timescale="90000" startNumber="50" media="$RepresentationID$/$Number%05d$.m4s"'
    live = first(manifest(template, timeline=TIMELINE), NOON + 21.5)
    # Five segments of two seconds from 10 s, and one of one second: the sixth is number 55 and begins at 20 s.
    begin = round((NOON + 20) * 1000)
    assert live.segment == Segment(begin, "https://edge/live/news/v1/00055.m4s", 1.0, "mp4")
    assert (live.edge, live.newest, live.first) == (NOON + 21, begin, round((NOON + 10) * 1000))
    assert (live.target_duration, live.patience, live.declared) == (2.0, 3.0, True)


@pytest.mark.parametrize("update", ["PT2S", "P0DT2S", "P0Y0M0DT0H0M2.000S"])
def test_a_duration_may_spell_out_what_is_none(update: str) -> None:
    mpd = f'availabilityStartTime="2026-03-01T12:00:00Z" minimumUpdatePeriod="{update}"'
    text = manifest('timescale="90000" media="$Time$.m4s"', timeline=TIMELINE, mpd=mpd)
    assert first(text, NOON + 21.5).patience == 3.0


def test_a_number_may_be_formatted_without_a_width() -> None:
    live = first(manifest('timescale="90000" startNumber="50" media="$Number%d$.m4s"', timeline=TIMELINE), NOON + 21.5)
    assert live.segment is not None
    assert live.segment.url.endswith("/55.m4s")


def test_video_comes_before_audio() -> None:
    template = 'timescale="90000" media="$RepresentationID$.m4s"'
    found = dash.parse(manifest(template, timeline=TIMELINE), URL, NOON + 30)
    assert [live.segment and live.segment.url.rpartition("/")[2] for live in found.renditions] == [
        *("v1.m4s", "v2.m4s", "a1.m4s")
    ]


def test_times_address_segments_too() -> None:
    live = first(manifest('timescale="90000" media="$Time$-$Bandwidth$-$$.m4s"', timeline=TIMELINE), NOON + 30)
    assert live.segment is not None
    assert live.segment.url == "https://edge/live/news/1800000-300000-$.m4s"


def test_the_presentation_time_offset_moves_the_edge() -> None:
    template = 'timescale="90000" presentationTimeOffset="900000" media="$Time$.m4s"'
    assert first(manifest(template, timeline=TIMELINE), NOON + 30).edge == NOON + 11


@pytest.mark.parametrize(
    ("after", "number"),
    [(5.0, 7), (8.9, 7), (9.0, 8), (400.0, 105)],  # four seconds each from number 7; one second for clocks
)
def test_without_a_timeline_the_newest_is_the_last_complete(after: float, number: int) -> None:
    live = first(manifest('duration="4" startNumber="7" media="$Number$.m4s"'), NOON + after)
    assert live.segment is not None
    assert live.segment.url == f"https://edge/live/news/{number}.m4s"
    assert live.edge == NOON + (number - 6) * 4
    assert not live.declared


def test_a_run_repeated_to_now_is_a_formula() -> None:
    timeline = '<SegmentTimeline><S t="0" d="2" r="1"/><S d="4" r="-1"/></SegmentTimeline>'
    live = first(manifest('media="$Number$-$Time$"', timeline=timeline), NOON + 13.5)
    assert live.segment is not None
    assert (live.segment.url.rpartition("/")[2], live.declared) == ("4-8", False)


def test_a_run_repeated_to_the_next_is_not() -> None:
    timeline = '<SegmentTimeline><S t="0" d="2" r="-1"/><S t="10" d="4"/></SegmentTimeline>'
    live = first(manifest('media="$Number$-$Time$"', timeline=timeline), NOON + 60)
    assert live.segment is not None
    assert (live.segment.url.rpartition("/")[2], live.declared) == ("6-10", True)


def test_a_period_ends_its_segments() -> None:
    text = manifest('duration="4" media="$Number$"', period='start="PT10S" duration="PT6S"')
    live = first(text, NOON + 600)
    assert live.segment is not None
    assert live.segment.url.endswith("/2")
    assert live.segment.number == round((NOON + 14) * 1000)


def test_a_period_that_has_just_begun_leaves_the_one_before_it() -> None:
    one = '<Period start="PT0S">{}</Period><Period start="PT1M">{}</Period>'
    body = '<AdaptationSet><SegmentTemplate duration="4" media="{}$Number$"/><Representation id="v"/></AdaptationSet>'
    text = f'<MPD type="dynamic" availabilityStartTime="2026-03-01T12:00:00">{one}</MPD>'
    text = text.format(body.format("a"), body.format("b"))
    for after, name in ((62.0, "a15"), (66.0, "b1")):
        live = first(text, NOON + after)
        assert live.segment is not None
        assert live.segment.url.endswith(name)


def test_base_urls_are_relative_to_each_other() -> None:
    text = manifest('duration="4" media="$Number$"').replace("<Period", "<BaseURL>https://cdn/a/</BaseURL><Period", 1)
    text = text.replace(
        '<Representation id="v1" bandwidth="300000"/>', "<Representation><BaseURL>b/</BaseURL></Representation>"
    )
    live = first(text, NOON + 5)
    assert live.segment is not None
    assert live.segment.url == "https://cdn/a/b/1"


def test_a_static_manifest_has_ended() -> None:
    assert dash.parse("<MPD/>", URL, NOON) == dash.Manifest(ended=True, renditions=())


DYNAMIC = '<MPD type="dynamic" availabilityStartTime="2026-03-01T12:00:00Z"><Period>{}</Period></MPD>'
SET = "<AdaptationSet><SegmentTemplate {}>{}</SegmentTemplate><Representation id='v'/></AdaptationSet>"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not whole XML"),
        ("<html><body>502</body></html>", "is no manifest but a <html> document"),
        ('<!DOCTYPE MPD [<!ENTITY a "b">]><MPD/>', "declares entities"),
        ('<MPD type="dynamic"><Period/></MPD>', "has a MPD without availabilityStartTime"),
        ('<MPD type="dynamic" availabilityStartTime="soon"><Period/></MPD>', "no date and time"),
        (DYNAMIC.format(""), "has no representation with a SegmentTemplate"),
        (DYNAMIC.format(SET.format('media="$Number$"', "")), "without duration and without SegmentTimeline"),
        (DYNAMIC.format(SET.format('duration="4"', "")), "has a SegmentTemplate without media"),
        (DYNAMIC.format(SET.format('duration="four"', "")), "has a duration that is no whole number"),
        (DYNAMIC.format(SET.format('timescale="0" duration="4"', "")), "has a time scale that is not positive"),
        (DYNAMIC.format(SET.format('media="a"', "<SegmentTimeline/>")), "has an empty SegmentTimeline"),
        (DYNAMIC.format(SET.format('media="a"', "<SegmentTimeline><S/></SegmentTimeline>")), "without duration in its"),
        (DYNAMIC.format(SET.format('duration="900" media="a"', "")), "has no complete segment yet"),
        (DYNAMIC.format(SET.format('duration="4" media="ftp://a/b"', "")), "players fetch http and https only"),
        (DYNAMIC.replace("<Period>", '<Period start="P1M">').format(""), "has a duration that cannot be read"),
    ],
)
def test_what_cannot_be_played_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        dash.parse(text, URL, NOON + 60)


NUMBERS = st.one_of(st.integers(-(10**21), 10**21).map(str), st.sampled_from(["", "x", "1.5", "-1", "0"]))


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("timescale", "duration", "startNumber", "presentationTimeOffset"), NUMBERS)
    ),
    st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys("tdr", NUMBERS)), max_size=4),
    st.text(max_size=20),
    st.sampled_from(["PT0S", "PT9999999H", "P999999D", "PT0.5S", ""]),
)
def test_any_numbers_give_a_manifest_or_a_value_error(
    template: dict[str, str], runs: list[dict[str, str]], media: str, start: str
) -> None:
    attributes = " ".join(f'{key}="{value}"' for key, value in template.items())
    entries = "".join("<S {}/>".format(" ".join(f'{k}="{v}"' for k, v in run.items())) for run in runs)
    timeline = f"<SegmentTimeline>{entries}</SegmentTimeline>" if runs else ""
    try:
        found = dash.parse(
            manifest(f'{attributes} media="$Number$$Time$"', timeline=timeline, period=f'start="{start}"') + media,
            URL,
            NOON,
        )
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either outcome is right; a third would fail the test
    else:
        assert all(live.target_duration > 0 for live in found.renditions)


@given(st.text())
def test_any_text_gives_a_manifest_or_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        dash.parse(text, URL, NOON)
