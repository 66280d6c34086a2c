"""The number of an appeal as customers, the supplier and other systems know it: A-2026-000123."""

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from sqlalchemy import RowMapping

_NUMBER = re.compile(r"A-([0-9]{4})-([0-9]{6,10})", re.ASCII)


def reference(zone: tzinfo, row: RowMapping | Mapping[str, Any]) -> str:
    """Return the number of an appeal, with the year of its registration in the desk's zone."""
    return f"A-{row['registered_at'].astimezone(zone).year}-{row['id']:06}"


def number_of(text: str) -> int:
    """Return the row that a number names; 0, which no appeal has, for anything else. Its year is not compared."""
    found = _NUMBER.fullmatch(text)
    number = int(found[2]) if found else 0
    return number if number < 2**31 else 0
