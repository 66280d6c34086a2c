"""How a value of a TOML file is shown in a message."""

from datetime import date, datetime, time
from typing import Any

LONGEST = 80


def shown(value: Any) -> str:
    """Return a value as it stands in the file, shortened; a table or a list by its kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
