"""The tags of HLS playlists (RFC 8216), read as players read them: what decides nothing may be broken."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

# A day of two-second segments fits; the memory that a hostile playlist takes for a moment stays below 50 MiB.
MOST_LINES = 100_000

_COMMENT = re.compile(r"\s*#(?!EXT)")
_TAG = re.compile(r"#(EXT[A-Z0-9-]*)(?::\s*(.*))?", re.DOTALL)
_ATTRIBUTE = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*("[^"]*"|[^,]*)\s*(?:,|$)')
_VARIABLE = re.compile(r"\{\$([A-Za-z0-9_-]+)\}")
_DEFINED = re.compile(r"[A-Za-z0-9_-]+")
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}")
_DURATION = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_WHOLE = re.compile(r"\s*(\d{1,20})")
_RANGE = re.compile(r"\s*(\d{1,15})\s*(?:@\s*(\d{0,15}))?\s*")
# A player pads one digit, and no more: Web Crypto, through which hls.js and shaka-player decrypt, wants all 16 bytes.
_VECTOR = re.compile(r"0[xX]([0-9a-fA-F]{31,32})")
_MOST_EXPANDED = 1 << 16


class Line(NamedTuple):
    """A tag with its value, or a URI (`tag` is empty)."""

    number: int  # of the line, from 1
    tag: str
    value: str
    indented: bool = False  # blanks come before it


class Variables:
    """What EXT-X-DEFINE defines (RFC 8216bis, 4.4.2.3): by value, from the multivariant playlist, from the address."""

    def __init__(self, url: str, imported: Mapping[str, str]) -> None:
        self.values: dict[str, str] = {}
        self._url, self._imported = url, imported

    def define(self, line: Line) -> None:
        """Take an EXT-X-DEFINE tag; raise ValueError where it defines nothing, as players do."""
        given = attributes(line, self)
        if "NAME" in given:
            self.values[self._name(line, given["NAME"])] = given.get("VALUE", "")
        elif "IMPORT" in given:
            name = self._name(line, given["IMPORT"])
            if name not in self._imported:
                raise ValueError(
                    f"line {line.number}: EXT-X-DEFINE imports “{name[:40]}”, which the multivariant playlist does "
                    "not define"
                )
            self.values[name] = self._imported[name]
        elif "QUERYPARAM" in given:
            name = self._name(line, given["QUERYPARAM"])
            found = parse_qs(urlsplit(self._url).query, keep_blank_values=True).get(name)
            if found is None:
                raise ValueError(
                    f"line {line.number}: EXT-X-DEFINE wants the query parameter “{name[:40]}”, which the address of "
                    "the playlist does not have"
                )
            self.values[name] = found[0]
        else:
            raise ValueError(f"line {line.number}: EXT-X-DEFINE has none of NAME, IMPORT and QUERYPARAM")

    def expand(self, number: int, text: str) -> str:
        """Return the text with its variables; raise ValueError for one that is not defined."""
        if "{$" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            if match[1] not in self.values:
                raise ValueError(f"line {number}: the variable {{${match[1][:40]}}} is not defined before it is used")
            return self.values[match[1]]

        result = _VARIABLE.sub(value, text)
        if len(result) > _MOST_EXPANDED:
            raise ValueError(f"line {number}: is longer than {_MOST_EXPANDED >> 10} KiB with its variables")
        return result

    def _name(self, line: Line, name: str) -> str:
        if not _DEFINED.fullmatch(name):
            raise ValueError(f"line {line.number}: EXT-X-DEFINE names a variable “{name[:40]}”, which cannot be one")
        if name in self.values:
            raise ValueError(f"line {line.number}: EXT-X-DEFINE defines “{name[:40]}” again")
        return name


def lines(text: str) -> Iterator[Line]:
    """Yield the tags and URIs of a playlist; raise ValueError for what is no playlist."""
    # A line ends with LF or CRLF (RFC 8216, 4.1), in old files with CR. A title may hold what only Python takes for
    # an end.
    rows = text.removeprefix("\ufeff").replace("\r", "\n").split("\n")
    if len(rows) > 2 * MOST_LINES:
        raise ValueError(f"has more than {MOST_LINES} lines")
    filled = [(number, line) for number, row in enumerate(rows, 1) if (line := row.strip(" \t\0"))]
    if len(filled) > MOST_LINES:
        raise ValueError(f"has more than {MOST_LINES} lines")
    # Players pass over comments before the first tag, which must be this one.
    begin = next((place for place, (_, line) in enumerate(filled) if not _COMMENT.match(line)), len(filled))
    if begin == len(filled) or not filled[begin][1].startswith("#EXTM3U"):
        raise ValueError("does not begin with #EXTM3U")
    for number, line in filled[begin + 1 :]:
        if not line.startswith("#"):
            yield Line(number, "", line)
        elif match := _TAG.fullmatch(line):
            yield Line(number, match[1], match[2] or "", not rows[number - 1].startswith("#"))


def attributes(line: Line, variables: Variables) -> dict[str, str]:
    """Return the attributes of a tag, quotes taken off and variables put in; what is no attribute is passed over."""
    found: dict[str, str] = {}
    at = 0
    value = line.value
    while at < len(value):
        match = _ATTRIBUTE.match(value, at)
        if match is None:
            comma = value.find(",", at)
            if comma < 0:
                break
            at = comma + 1
            continue
        text = match[2].strip()
        if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
            text = variables.expand(line.number, text[1:-1])
        found.setdefault(match[1].upper(), text)
        at = max(match.end(), at + 1)
    return found


def seconds(line: Line) -> float | None:
    """Return the seconds that begin a tag's value; None where it begins with no number."""
    number = _NUMBER.match(line.value)
    return float(number[0]) if number else None


def behind_duration(line: Line) -> str:
    """Return what stands behind the duration of EXTINF and is no title; empty where nothing does."""
    match = _DURATION.match(line.value)
    rest = line.value[match.end() :] if match else line.value
    return "" if rest.startswith(",") else rest.strip()


def whole(line: Line) -> int:
    """Return a tag's whole number; raise ValueError."""
    number = _WHOLE.match(line.value)
    if number is None:
        raise ValueError(f"line {line.number}: {line.tag} is “{line.value[:40]}”, not a whole number")
    return int(number[1])


def byte_range(line: Line, text: str, what: str) -> tuple[int, int | None]:
    """Return the length and, if it is given, the first byte of a byte range; raise ValueError."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"line {line.number}: {what} is “{text[:40]}”, not LENGTH or LENGTH@OFFSET")
    return int(match[1]), int(match[2]) if match[2] else None


def vector(line: Line, text: str) -> bytes:
    """Return the initialization vector of a key; raise ValueError."""
    match = _VECTOR.fullmatch(text)
    if match is None:
        raise ValueError(
            f"line {line.number}: IV of {line.tag} is “{text[:40]}”, not 0x and 32 hexadecimal digits, without which "
            "hls.js and shaka-player cannot decrypt"
        )
    return int(match[1], 16).to_bytes(16, "big")


def unix_time(text: str) -> float | None:
    """Return the moment; None for what names none. Without a zone it would silently mean the agent's own."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())  # RFC 3339 allows small letters
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
