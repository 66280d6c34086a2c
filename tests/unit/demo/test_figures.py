"""Which busy hour the demo's figure is compared with."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from demo.figures import last_recorded

HISTORY = {"zone": "Asia/Almaty", "last_day": "2026-11-28"}


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-29 00:00:10", "2026-11-27"),
        ("2026-11-29 00:04:59", "2026-11-27"),
        ("2026-11-29 00:05:00", "2026-11-28"),
        ("2026-11-29 15:00:00", "2026-11-28"),
        ("2026-11-30 01:00:00", "2026-11-28"),
    ],
)
def test_the_last_day_is_the_newest_that_has_been_recorded(moment: str, day: str) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Asia/Almaty")).timestamp()
    assert last_recorded(HISTORY, now) == day
