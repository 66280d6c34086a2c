"""Times at which black, a still picture or silence is meant."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.sources.picture.schedule import Schedule, window
from agent.sources.picture.settings import PictureDecoder, PictureSettings

ALMATY, BERLIN = ZoneInfo("Asia/Almaty"), ZoneInfo("Europe/Berlin")


def holds(text: str, local: str, zone: ZoneInfo = ALMATY) -> bool:
    return Schedule((window(text),), zone).holds(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("text", "local", "expected"),
    [
        ("always", "2026-11-28 12:00", True),
        ("01:00-06:00", "2026-11-28 00:59", False),
        ("01:00-06:00", "2026-11-28 01:00", True),
        ("01:00-06:00", "2026-11-28 05:59", True),
        ("01:00-06:00", "2026-11-28 06:00", False),
        ("22:00-24:00", "2026-11-28 23:59", True),
        ("23:00-05:00", "2026-11-28 04:59", True),
        ("23:00-05:00", "2026-11-28 05:00", False),
        # 2026-11-28 is a Saturday: the night from Friday belongs to Friday.
        ("fri 23:00-05:00", "2026-11-28 04:00", True),
        ("sat 23:00-05:00", "2026-11-28 04:00", False),
        ("sat-sun 02:00-05:00", "2026-11-28 03:00", True),
        ("sat-sun 02:00-05:00", "2026-11-30 03:00", False),
        ("sun-mon 02:00-05:00", "2026-11-30 03:00", True),
    ],
)
def test_a_window_is_open_on_its_days_until_its_end(text: str, local: str, expected: bool) -> None:
    assert holds(text, local) is expected


def test_the_clock_on_the_wall_decides_in_both_nights_of_a_change() -> None:
    night = Schedule((window("02:30-04:00"),), BERLIN)
    forward, back = datetime(2026, 3, 29, 0, 59, tzinfo=ZoneInfo("UTC")), datetime(2026, 10, 25, tzinfo=ZoneInfo("UTC"))
    assert not night.holds(forward.timestamp())  # 01:59
    assert night.holds(forward.timestamp() + 60)  # 03:00, as 02:00 follows at once
    assert night.holds(back.timestamp() + 30 * 60)  # 02:30 for the first time
    assert not night.holds(back.timestamp() + 60 * 60)  # 02:00 again
    assert night.holds(back.timestamp() + 90 * 60)  # 02:30 for the second time


@pytest.mark.parametrize(
    "text", ["", "night", "1:00-2:00", "25:00-26:00", "01:00-01:00", "01:60-02:00", "xyz 01:00-02:00"]
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|days|time of day"):
        window(text)


def test_every_mistake_of_a_table_is_named() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        PictureSettings("a/b", black=["night"], timezone="Asia/Nowhere")
    assert [str(one).split()[0] for one in caught.value.exceptions] == ["channel", "black", "timezone"]


@pytest.mark.parametrize("wrong", [{"processes": 0}, {"memory": 1}, {"most_pixels": 1}, {"pictures": 61}])
def test_limits_outside_their_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PictureDecoder(**wrong)
