"""How a TOML file and its values are spoken of in a message."""

import re
import tomllib
from datetime import date, datetime, time
from typing import Any

LONGEST = 80

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
# How the parser's own words begin, and what to do.
_REMEDIES = (
    ("Cannot overwrite", "this key is there twice; remove one"),
    ("Cannot declare", "this table is there twice; put its keys together under one heading"),
    ("Cannot mutate", "this table was closed before; put its keys together in one place"),
    ("Invalid value", "the value is missing or not one of TOML; put text in quotes"),
    ("Expected '='", "write key = value; a key has no blanks unless it is in quotes"),
    ("Expected ']", "the heading of a table is not closed; write [name], or [[name]] for one of several"),
    ("Expected newline", "there is more after the value; put text in quotes and each key on a line of its own"),
    ("Unclosed array", "the list is not closed; write ]"),
    ("Unclosed inline table", "the table is not closed; write }"),
    ("Unterminated string", "the text is not closed; write the same quote at its end"),
    ("Expected ", "the text is not closed; write the same quote at its end"),
    ("Found invalid character", "there is a control character; remove it"),
    ("Cannot redefine", "this table was defined before; put its keys together in one place"),
    ("Duplicate inline table key", "this key is there twice; remove one"),
    ("Invalid date", "there is no such date or time; put text in quotes"),
    ("Escaped character", "in double quotes a backslash is written twice; or use single quotes"),
    ("Unescaped '\\'", "in double quotes a backslash is written twice; or use single quotes"),
    ("Invalid hex value", "in double quotes a backslash is written twice; or use single quotes"),
    ("Illegal character", "the text is not closed on its line, or has a control character; write the quote at its end"),
    ("Invalid initial character for a key", "a name is missing; write key = value, without a comma before a }"),
)
_ANY = "write key = value, text in quotes, and each table's heading as [name]"


def not_toml(error: tomllib.TOMLDecodeError, text: str) -> str:
    """Return what is wrong with a file that is no TOML, where, and what to do; no value is shown, it may be secret."""
    said = str(error)
    place = _PLACE.search(said)
    lines = text.splitlines() or [""]
    if place is not None and place[1]:
        line, column = int(place[1]), f", column {place[2]}"
    else:
        line, column = max((number for number, each in enumerate(lines, 1) if each.strip()), default=1), ""
    key = re.match(r"\s*([A-Za-z0-9_.-]+)\s*=", lines[min(line, len(lines)) - 1])
    where = f"line {line}{column}{f' (key {key[1]})' if key else ''}"
    remedy = next((remedy for begins, remedy in _REMEDIES if said.startswith(begins)), _ANY)
    return f"is not TOML at {where}: {remedy}"


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
