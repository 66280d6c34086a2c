"""What becomes of findings: moments, formats, pictures, limits."""

import pytest

from agent.sources.picture.kept import Pictures
from agent.sources.picture.message import Findings, Look, PictureFormat, Sound, SoundFormat
from agent.sources.picture.settings import PictureSettings
from agent.sources.picture.state import WayState

HD = PictureFormat("h264", "1920x1080i", "16:9", "25")
STEREO = SoundFormat("aac", "48000", "stereo")
BEGIN = 1_790_000_000.0


def state(**settings: list[str]) -> WayState:
    return WayState(PictureSettings("first", **settings), "first", "stream", Pictures(3, 4))  # type: ignore[arg-type]


def look(at: float, *, black: bool = False, changed: bool | None = True, **more: object) -> Findings:
    looks = [Look(BEGIN + at, black, changed, 0.5)]
    return Findings("examined", looks=looks, kinds=["video"], **more)  # type: ignore[arg-type]


def figures(way: WayState) -> dict[tuple[str, ...], object]:
    return {(sample.metric.name, *sample.labels[2:]): sample.value for sample in way.samples()}


def run(way: WayState, begin: str) -> float:
    moments = way.moments
    end = moments.listened if begin == "heard" else moments.seen
    assert end is not None
    return float(end - getattr(moments, begin))


def feed(way: WayState, *findings: Findings) -> None:
    for one in findings:
        way.take(one, "v", one.looks[-1].moment if one.looks else BEGIN)


def test_black_lasts_from_the_first_black_picture() -> None:
    way = state()
    feed(way, look(0), look(2, black=True, changed=True))
    assert run(way, "lit") == 0
    feed(way, look(4, black=True, changed=False), look(6, black=True, changed=False))
    assert (run(way, "lit"), run(way, "changed")) == (4, 0)  # black is not frozen as well
    feed(way, look(8))
    assert run(way, "lit") == 0


def test_one_black_picture_after_a_gap_is_no_long_black() -> None:
    way = state()
    feed(way, look(0), look(12, black=True))
    assert run(way, "lit") == 0


def test_a_still_picture_lasts_from_the_picture_that_it_repeats() -> None:
    way = state()
    feed(way, look(0), look(2), look(4, changed=False), look(6, changed=False))
    assert run(way, "changed") == 4


def test_a_still_picture_after_a_gap_begins_when_it_is_seen_again() -> None:
    way = state()
    feed(way, look(0), look(12, changed=False))
    assert run(way, "changed") == 0
    feed(way, look(14, changed=False))
    assert run(way, "changed") == 2


@pytest.mark.parametrize(("setting", "black", "begin"), [("still", False, "changed"), ("black", True, "lit")])
def test_what_is_expected_is_no_fault_and_counts_from_its_end(setting: str, black: bool, begin: str) -> None:
    # 1790000000 is 2026-09-21 14:13:20 UTC.
    way = state(**{setting: ["14:00-14:14"]})
    for at in range(0, 40, 2):
        feed(way, look(at, black=black, changed=False))
        assert run(way, begin) == 0
    assert figures(way)["ott_picture_not_judged", f"expected_{setting}"] == 1
    feed(way, look(42, black=black, changed=False), look(60, black=black, changed=False))
    assert run(way, begin) == (18 if black else 22)  # from the last picture that was expected, or the first black one
    assert ("ott_picture_not_judged", f"expected_{setting}") not in figures(way)


def test_an_older_picture_that_comes_late_changes_nothing() -> None:
    way = state()
    feed(way, look(4), look(2, black=True))
    assert (way.moments.seen, way.moments.lit) == (BEGIN + 4, BEGIN + 4)


def sound(begin: float, end: float, heard: float | None) -> Findings:
    return Findings(
        "examined",
        sound=Sound(BEGIN + begin, BEGIN + end, None if heard is None else BEGIN + heard),
        sound_format=STEREO,
        kinds=["audio"],
    )


def test_silence_lasts_from_the_last_sample_that_was_heard() -> None:
    way = state()
    feed(way, sound(0, 2, 1.5), sound(2, 4, None), sound(4, 6, None))
    assert run(way, "heard") == 4.5


def test_silence_after_a_gap_begins_with_the_piece() -> None:
    way = state()
    feed(way, sound(0, 6, 6), sound(18, 24, None))
    assert run(way, "heard") == 6


def test_a_piece_without_picture_is_told_from_one_of_sound_alone() -> None:
    way = state()
    feed(way, look(0, picture=HD))
    way.take(sound(0, 2, 2), "a", BEGIN + 2)
    assert way.moments.examined == BEGIN  # a rendition of sound never had a picture
    way.take(Findings("examined", kinds=["audio"]), "v", BEGIN + 12)
    assert (way.moments.examined, way.moments.decoded) == (BEGIN + 12, BEGIN)


def test_a_change_of_format_counts_within_a_rendition_only() -> None:
    way = state()
    feed(way, look(0, picture=HD), look(2, picture=HD))
    assert figures(way)["ott_picture_format_changes_total", "resolution"] == 0
    feed(way, look(4, picture=PictureFormat("h264", "720x576i", "4:3", "")))
    found = figures(way)
    assert found["ott_picture_format_changes_total", "resolution"] == 1
    assert found["ott_picture_format_changes_total", "aspect"] == 1
    assert found["ott_picture_format_changes_total", "frame_rate"] == 0  # a rate that is not stated is no change
    assert found["ott_picture_info", "h264", "720x576i", "4:3", ""] == 1
    way.take(look(6, picture=HD), "another", BEGIN + 6)
    assert figures(way)["ott_picture_format_changes_total", "resolution"] == 1


def test_a_change_at_its_time_is_not_counted_and_one_after_it_is() -> None:
    # 1790000000 is 2026-09-21 14:13:20 UTC.
    way = state(format=["14:00-14:14"])
    match = PictureFormat("h264", "1920x1080i", "16:9", "50")
    feed(way, look(0, picture=HD), look(38, picture=match))
    found = figures(way)
    assert found["ott_picture_format_changes_total", "frame_rate"] == 0
    assert found["ott_picture_not_judged", "expected_format"] == 1
    feed(way, look(42, picture=HD))
    assert figures(way)["ott_picture_format_changes_total", "frame_rate"] == 1


def test_progressive_pictures_among_fields_are_no_change() -> None:
    way = state()
    feed(way, look(0, picture=HD), look(2, picture=PictureFormat("h264", "1920x1080p", "16:9", "25")))
    assert figures(way)["ott_picture_format_changes_total", "resolution"] == 0


def test_nothing_is_said_of_what_never_came() -> None:
    way = state()
    assert {name for name, *_ in figures(way)} == {"ott_picture_pieces_total"}
    feed(way, sound(0, 2, 2))
    found = figures(way)
    assert ("ott_picture_not_judged", "no_picture") in found
    assert not any(name.startswith("ott_picture_seen") for name, *_ in found)
    assert ("ott_audio_loudness_short_term_lufs",) not in found


def test_a_reason_why_nothing_can_be_judged_is_shown_and_goes_again() -> None:
    way = state()
    way.blocked("encrypted")
    assert figures(way)["ott_picture_not_judged", "encrypted"] == 1
    way.take(Findings("refused", "size", kinds=["video"]), "v", BEGIN)
    assert figures(way)["ott_picture_not_judged", "size"] == 1
    feed(way, look(2))
    assert not [key for key in figures(way) if key[1:] in (("size",), ("encrypted",))]


def test_only_the_last_pictures_are_kept_and_none_in_short_succession() -> None:
    way = state()
    for at in (0, 4, 8, 12, 13, 14):
        feed(way, look(at, thumbnail=b"%d" % at))
    assert [image for _, image in way.pictures.kept().last] == [b"8", b"12", b"14"]


def test_the_pictures_around_a_fault_are_kept_and_those_of_a_short_cut_are_not() -> None:
    way = state()
    for at in range(0, 24, 2):
        name = str(at).encode()
        # Black from 4 to 6, a cut, and from 12 to 20, a fault.
        feed(way, look(at, black=at in (4, 6) or 12 <= at <= 20, thumbnail=name))
    assert [image for _, image in way.pictures.kept().faults] == [b"10", b"18", b"22"]
    for at in range(100, 112, 2):
        feed(way, look(at, changed=at == 100, thumbnail=str(at).encode()))
    assert [image for _, image in way.pictures.kept().faults] == [b"18", b"22", b"100", b"108"]


def test_an_expected_still_picture_is_no_fault_whose_pictures_are_kept() -> None:
    way = state(still=["always"])
    feed(way, *(look(at, changed=False, thumbnail=b"x") for at in range(0, 20, 2)))
    assert way.pictures.kept().faults == ()


def test_a_picture_is_awaited_from_the_first_piece_that_should_hold_one() -> None:
    way = state()
    broken = Findings("broken", "picture", kinds=["video"])
    for at in (0.0, 6.0, 12.0):
        way.take(broken, "v", BEGIN + at)
    found = figures(way)
    assert found["ott_picture_awaited_timestamp_seconds",] == BEGIN
    assert found["ott_picture_examined_timestamp_seconds",] == BEGIN + 12
    assert ("ott_picture_decoded_timestamp_seconds",) not in found


def test_no_picture_is_awaited_of_a_channel_of_sound_alone() -> None:
    way = state()
    way.take(Findings("examined", kinds=["audio"], sound=Sound(BEGIN, BEGIN + 2, BEGIN, None, None)), "a", BEGIN + 2)
    assert ("ott_picture_awaited_timestamp_seconds",) not in figures(way)
