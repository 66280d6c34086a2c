"""Time zones of settings, also where the tz database is older than the last change of Kazakhstan's clocks."""

import io
import struct
from zoneinfo import ZoneInfo

import pytest

from service.setting_types import check_rules, time_zone


def of_old_database(key: str, hours: int) -> ZoneInfo:
    """Return a zone with one offset for ever, as a file of the tz database (RFC 9636) before 2024a ends."""
    name = b"+%02d\0" % hours
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, len(name))
    body = struct.pack(">lBB", hours * 3600, 0, 0) + name
    footer = b"\n<+%02d>-%d\n" % (hours, hours)
    return ZoneInfo.from_file(io.BytesIO(header + body + header + body + footer), key=key)


@pytest.mark.parametrize("key", ["Asia/Almaty", "Asia/Qostanay", "Asia/Qyzylorda"])
def test_a_tz_database_from_before_kazakhstan_was_one_zone_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=f'"{key}" is not at UTC\\+5 since 2024-03-01 .* update the package tzdata'):
        check_rules(of_old_database(key, 6))
    check_rules(of_old_database(key, 5))
    assert time_zone(key).key == key


def test_other_zones_are_as_the_tz_database_has_them() -> None:
    check_rules(of_old_database("Asia/Bishkek", 6))
    assert time_zone("Europe/Berlin").key == "Europe/Berlin"
    with pytest.raises(ValueError, match='"UTC\\+5" is not a time zone of the tz database'):
        time_zone("UTC+5")
