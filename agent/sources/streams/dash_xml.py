"""The XML of DASH manifests: read as players read it, with errors that name element and attribute."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

_DURATION = re.compile(
    r"P(?:(\d{0,4})Y)?(?:(\d{0,4})M)?(?:(\d{0,6})D)?"
    r"(?:T(?:(\d{0,9})H)?(?:(\d{0,9})M)?(?:((?=\.?\d)\d{0,12}(?:\.\d{0,40})?|)S)?)?"
)
_INTEGER = re.compile(r"\s*([-+]?\d{1,20})(?:\.0*)?\s*")
_DECIMAL = re.compile(r"\s*[-+]?\d{1,12}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,2})?\s*")
# What the readers of dash.js and shaka pass over, and XML forbids.
_STRAY_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
MOST_ELEMENTS = 200_000


def parse(text: str) -> Element:
    """Return the root; raise ValueError for what is no XML even with a player's patience."""
    text = text.strip().removeprefix("\ufeff")
    try:
        return _tree(text)
    except expat.ExpatError as error:
        first = error
    repaired = _STRAY_AMPERSAND.sub("&amp;", _FORBIDDEN.sub("", text))
    end = repaired.rfind("</MPD>")
    if end >= 0:
        repaired = repaired[: end + len("</MPD>")]  # what follows the manifest is nobody's business
    try:
        return _tree(repaired)
    except expat.ExpatError:
        words = expat.errors.messages[first.code]
        raise ValueError(f"is not whole XML: {words} at line {first.lineno}, column {first.offset + 1}") from None


def _tree(text: str) -> Element:
    """Read without name spaces: players take prefixes that nobody declared."""
    builder = TreeBuilder()
    parser = expat.ParserCreate("utf-8")
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS:
            raise ValueError(f"has more than {MOST_ELEMENTS} elements")
        builder.start(tag.rpartition(":")[2], attributes)

    def entity(*_: object) -> None:
        # A manifest needs no entities, and expanding them is the classic way to fill a reader's memory.
        raise ValueError("declares entities")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: builder.end(tag.rpartition(":")[2])
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = entity
    parser.Parse(text.encode("utf-8", "replace"), True)  # noqa: FBT003 - it takes no names
    return builder.close()


def children(element: Element, name: str) -> list[Element]:
    """Return the children of this name, whatever their name space."""
    return [child for child in element if child.tag == name]


def first(element: Element, name: str) -> Element | None:
    """Return the first child of this name."""
    return next(iter(children(element, name)), None)


def xlink(element: Element, name: str) -> str | None:
    """Return an attribute of XLink, by whatever prefix."""
    for key, value in element.attrib.items():
        if key.rpartition(":")[2] == name and (":" in key or name == "href"):
            return value
    return None


def descend(element: Element) -> Iterator[tuple[Element, Element]]:
    """Yield every element below with its parent, in the document's order and to any depth."""
    waiting = [iter(element)]
    parents = [element]
    while waiting:
        child = next(waiting[-1], None)
        if child is None:
            waiting.pop()
            parents.pop()
            continue
        yield parents[-1], child
        waiting.append(iter(child))
        parents.append(child)


def quoted(value: str) -> str:
    """Return a value as a message shows it: what came from outside, cut short."""
    return f"“{value[:40]}”"


def required(element: Element, attribute: str) -> str:
    """Return an attribute; raise ValueError where there is none."""
    value = element.get(attribute)
    if value is None:
        raise ValueError(f"has a <{element.tag}> without {attribute}")
    return value


def integer(attributes: Mapping[str, str], name: str, default: int, element: str) -> int:
    """Return a whole number; raise ValueError."""
    value = attributes.get(name)
    if value is None:
        return default
    match = _INTEGER.fullmatch(value)
    if match is None:
        raise ValueError(f"has a <{element}> whose {name} is {quoted(value)}, not a whole number")
    return int(match[1])


def decimal(attributes: Mapping[str, str], name: str, default: float, element: str) -> float:
    """Return a number, which may be INF; raise ValueError."""
    value = attributes.get(name)
    if value is None:
        return default
    if value.strip().upper() in ("INF", "+INF", "INFINITY"):
        return float("inf")
    if not _DECIMAL.fullmatch(value):
        raise ValueError(f"has a <{element}> whose {name} is {quoted(value)}, not a number")
    return float(value)


def seconds(element: Element, attribute: str) -> float | None:
    """Return an xs:duration, its years of 365 and its months of 30 days as players take them.

    None where it is missing or cannot be read: players then do without it.
    """
    match = _DURATION.fullmatch((element.get(attribute) or "").strip())
    if match is None or not any(match.groups()):
        return None
    years, months, days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return (((years * 365 + months * 30 + days) * 24 + hours) * 60 + minutes) * 60 + rest


def instant(text: str, what: str) -> float:
    """Return Unix time. The standard's clock is UTC, so a time without a zone is UTC, as players read it."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"{what} is {quoted(text)}, not a date and time of ISO 8601") from None
