"""Channels: their states, their tiles, what an agent's answer must look like, and the ways side by side."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.desk.console.channels import thumbnails
from alerts.desk.console.channels.album import Place, bounded, packed
from alerts.desk.console.channels.details import NOW, Details, narrowed
from alerts.desk.console.channels.lineup import QUERIES, Channel, channels
from alerts.desk.console.channels.thumbnails import Thumbnail
from alerts.desk.console.channels.tiles import in_words, tiles
from alerts.desk.console.channels.ways import columns, pids
from alerts.desk.core.picture_settings import PictureSettings
from alerts.desk.core.words import Words
from service.prometheus import Sample
from service.settings import Secret

EN = Words("en", ZoneInfo("UTC"))
AT = 1_790_000_000.0
# 320 x 180, baseline: the markers up to the frame header as the agent's encoder writes them, without the picture.
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0\x00\x11\x08\x00\xb4\x01\x40\x03"
    + bytes(8)
)


def answers(**found: list[Sample]) -> dict[str, list[Sample]]:
    return {name: found.get(name, []) for name in QUERIES}


def of(channel: str, value: float = 1.0, **labels: str) -> Sample:
    return Sample({"channel": channel} | labels, value)


def alert(channel: str, name: str, severity: str, **labels: str) -> Sample:
    return of(channel, 1.0, alertname=name, severity=severity, **labels)


def lineup() -> dict[str, Channel]:
    found = channels(
        answers(
            sessions=[of("kino", 41), of("news", 27), of("other", 300), of("radio", 3)],
            stream=[of("kino"), of("news"), of("dead", 0)],
            multicast=[of("news")],
            pictures=[
                of("news", AT, instance="probe-1:9780", delivery="stream"),
                of("news", AT - 2, instance="probe-1:9780", delivery="multicast"),
            ],
            alerts=[
                alert("news", "PictureBlack", "major", delivery="multicast", node="probe-1"),
                alert("news", "PictureBlack", "major", delivery="multicast", node="probe-2"),
                alert("news", "SoundSilent", "critical", delivery="multicast"),
                alert("news", "SiteOwnRule", "minor"),
            ],
        )
    )
    assert [each.name for each in found] == ["news", "dead", "kino", "radio"]
    return {each.name: each for each in found}


def test_a_channel_is_as_bad_as_its_worst_alert_and_unknown_without_a_probe() -> None:
    found = lineup()
    assert {name: each.look for name, each in found.items()} == {
        "news": "critical",
        "dead": "down",
        "kino": "plays",
        "radio": "unknown",
    }
    assert in_words(EN, found["news"]) == "silence (IPTV), black screen (IPTV) +1"
    assert [in_words(EN, found[name]) for name in ("dead", "kino")] == ["does not arrive", "plays"]


def test_the_picture_shown_is_that_of_the_way_that_is_wrong() -> None:
    news = lineup()["news"]
    assert news.shown
    assert news.shown.delivery == "multicast"
    news.faults.clear()
    assert news.shown.delivery == "stream"


def test_a_tile_names_its_picture_before_the_album_has_it() -> None:
    place = Place("probe-1:9780", "multicast", "news")
    found = tiles(EN, [lineup()["news"]], {place: "the name"}, AT + 60)
    assert (found[0].picture, found[0].age, found[0].sessions) == ("the name", "1 min 2 s", "27")
    assert tiles(EN, [lineup()["news"]], {}, AT)[0].picture == "probe-1:9780/multicast/news"
    assert tiles(EN, [lineup()["kino"]], {}, AT)[0].picture == ""


def entry(**changes: object) -> dict[str, object]:
    return {"channel": "news", "delivery": "stream", "moment": "1790000000.000", "size": len(JPEG)} | changes


def answer(entry: dict[str, object], image: bytes = JPEG) -> bytes:
    return json.dumps([entry]).encode() + b"\n" + image


def test_an_agents_pictures_are_read() -> None:
    assert thumbnails.latest(answer(entry())) == {("stream", "news"): Thumbnail("1790000000.000", JPEG)}
    listed = b'[{"channel":"news","delivery":"stream","moments":["1.000"],"faults":["0.500"]}]'
    assert thumbnails.listed(listed) == {("stream", "news"): (("1.000",), ("0.500",))}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "EOF"),
        (b"<html>", "JSON"),
        (b"[]", "no list of pictures"),
        (answer(entry(size=1)), "other sizes"),
        (answer(entry(size=-1)), "other sizes"),
        (answer(entry(size=str(len(JPEG)))), "integer"),
        (answer(entry(moment="soon")), "no Unix time"),
        (answer(entry(moment="1e9.000")), "no Unix time"),
        (answer(entry(channel="a\nb")), "no name"),
        (answer(entry(size=6), b"GIF89a"), "no JPEG"),
        (answer(entry(size=4), JPEG[:4]), "without a size"),
        (answer(entry(), JPEG.replace(b"\x00\xb4\x01\x40", b"\xff\xff\xff\xff")), "65535 x 65535"),
        (answer(entry(), JPEG.replace(b"\x00\xb4\x01\x40", b"\x00\x00\x01\x40")), "320 x 0"),
        (answer(entry(size=300_000), JPEG + bytes(300_000 - len(JPEG))), "300000 bytes"),
    ],
)
def test_anything_else_that_an_agent_answers_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        thumbnails.latest(body)


def test_of_too_many_pictures_the_newest_are_held() -> None:
    found = {Place("a", "stream", str(number)): Thumbnail(f"{number}.000", bytes(10)) for number in range(10, 20)}
    assert sorted(place.channel for place in bounded(found, 35)) == ["17", "18", "19"]


def test_the_packed_answer_names_each_picture_with_its_size() -> None:
    found = packed({Place("a:1", "stream", "Первый"): Thumbnail("5.000", b"xy")})
    head, _, images = found.packed.partition(b"\n")
    assert (json.loads(head), images) == ([["a:1/stream/Первый", 5.0, 2]], b"xy")


def test_a_name_cannot_leave_the_query() -> None:
    assert narrowed("up{CHANNEL}", 'a"} or vector(1) #') == 'up{channel="a\\"} or vector(1) #"}'


def details(**found: list[Sample]) -> Details:
    known = {name: found.get(name.replace(" ", "_"), []) for name in NOW}
    return Details(datetime.fromtimestamp(AT, UTC), known)


def measured(metric: str, value: float, **labels: str) -> Sample:
    return Sample({"__name__": metric, "node": "probe-1", "channel": "news"} | labels, value)


def test_the_ways_side_by_side_show_where_it_breaks() -> None:
    found = columns(
        EN,
        details(
            multicast=[measured("ott_ts_up", 1), measured("ott_ts_bit_rate_bits_per_second", 8e6)],
            stream=[
                measured("ott_stream_up", 1),
                measured("ott_stream_segment_download_seconds", 7),
                measured("ott_stream_segment_duration_seconds", 6),
            ],
            sound_changes=[Sample({"node": "probe-1", "delivery": "stream", "property": "sample_rate"}, 2.0)],
            multicast_errors=[Sample({"node": "probe-1", "indicator": "1.4", "priority": "1"}, 3.2)],
            picture=[
                measured("ott_picture_seen_timestamp_seconds", AT - 3, delivery="stream"),
                measured("ott_picture_lit_timestamp_seconds", AT - 33, delivery="stream"),
                measured("ott_picture_changed_timestamp_seconds", AT - 3, delivery="stream"),
                measured("ott_picture_info", 1, delivery="stream", codec="h264", resolution="1280x720p"),
                measured("ott_audio_decoded_timestamp_seconds", AT, delivery="stream"),
                measured("ott_audio_heard_timestamp_seconds", AT, delivery="stream"),
            ],
        ),
    )
    assert [(column.delivery, column.node) for column in found] == [("multicast", "probe-1"), ("stream", "probe-1")]
    multicast, stream = (column.cells for column in found)
    assert (multicast["arrives"].good, multicast["rate"].text, multicast["errors"].text) == (
        True,
        "8 Mbit/s",
        "3 (1.4)",
    )
    assert (stream["picture"].text, stream["picture"].good) == ("black for 30 s", False)
    assert (stream["download"].good, stream["sound"].good, stream["errors"].good) == (False, True, True)
    assert stream["format"].text == "h264 · 1280x720p"
    assert stream["changes"].text == "2 (sample_rate)"
    assert not {"picture", "changes"} & set(multicast)


def test_each_rendition_stands_beside_the_way_it_belongs_to() -> None:
    found = columns(
        EN,
        details(
            multicast=[measured("ott_ts_up", 1)],
            stream=[measured("ott_stream_up", 1)],
            renditions=[
                measured("ott_stream_rendition_up", 0, rendition="variant 10 (500000 bit/s)"),
                measured("ott_stream_rendition_up", 1, rendition="variant 2 (3000000 bit/s)"),
                measured("ott_stream_rendition_segment_download_seconds", 7, rendition="variant 2 (3000000 bit/s)"),
                measured("ott_stream_rendition_segment_duration_seconds", 6, rendition="variant 2 (3000000 bit/s)"),
            ],
        ),
    )
    names = [(column.delivery, column.rendition.partition(" (")[0]) for column in found]
    assert names == [("multicast", ""), ("stream", ""), ("stream", "variant 10"), ("stream", "variant 2")]
    assert (found[2].cells["arrives"].good, found[3].cells["arrives"].good, found[3].cells["download"].good) == (
        False,
        True,
        False,
    )


def test_a_pid_that_no_table_names_is_shown_with_its_rate() -> None:
    named = measured("ott_ts_pid_info", 1, pid="256", kind="video", codec="h264", language="")
    found = pids(EN, details(pids=[named], pid_rates=[measured("", 7e6, pid="256"), measured("", 1e5, pid="17")]))
    assert [(each.number, each.kind, each.rate) for each in found] == [
        ("17", "", "100 kbit/s"),
        ("256", "video", "7 Mbit/s"),
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"targets": "vmagent:8429"}, "is not an address"),
        ({"username": "x"}, "username and password together"),
        ({"token": Secret(env="A"), "username": "x", "password": Secret(env="B")}, "not both"),
        ({"certificate": "/a"}, "certificate and key together"),
        ({"keep": 0}, "keep must be more than 0"),
    ],
)
def test_wrong_settings_are_told(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PictureSettings(**wrong)  # type: ignore[arg-type]
