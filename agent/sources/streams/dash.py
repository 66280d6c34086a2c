"""DASH manifests (ISO/IEC 23009-1): the newest segment of each representation, from a live profile's SegmentTemplate.

With a SegmentTimeline the manifest lists what exists. Without one it gives a formula, and the newest segment is the
last that is complete by the clock.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from xml.etree import ElementTree

from agent.sources.streams.live import LATEST_UPDATE, Live, Segment, resolve

# By how much our clock may be ahead of the packager's before we ask for segments that do not exist yet.
CLOCK_MARGIN = 1.0
_MILLISECONDS = 1000

_DURATION = re.compile(
    r"P(?:0{1,4}Y)?(?:0{1,2}M)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12}(?:\.\d{1,12})?)S)?)?"
)
_INTEGER = re.compile(r"-?\d{1,20}")
_IDENTIFIER = re.compile(r"\$(?:(RepresentationID|Number|Time|Bandwidth)(?:%(?:0(\d{1,2}))?d)?)?\$")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a player gets from a manifest now: nothing from one that has ended."""

    ended: bool
    renditions: tuple[Live, ...]  # video first


@dataclass(frozen=True, slots=True)
class _Period:
    start: float  # Unix time
    end: float
    update: float  # seconds between two versions of the manifest
    element: ElementTree.Element
    base: str


@dataclass(frozen=True, slots=True)
class _Newest:
    time: int  # in the template's time scale
    duration: int
    number: int
    first_time: int
    longest: int
    declared: bool


def parse(text: str, url: str, now: float) -> Manifest:
    """Read a manifest got from `url`; raise ValueError for anything a player could not use."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        # A manifest needs no entities, and expanding them is the classic way to fill a reader's memory.
        raise ValueError("declares entities")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - entities are refused above
    except ElementTree.ParseError as error:
        raise ValueError(f"is not whole XML: {error}") from None
    if _name(root) != "MPD":
        raise ValueError(f"is no manifest but a <{_name(root)[:40]}> document")
    if root.get("type", "static") != "dynamic":
        return Manifest(ended=True, renditions=())
    problem = "has no period that has begun"
    for period in reversed(list(_periods(root, url))):
        if period.start > now:
            continue
        try:
            return Manifest(ended=False, renditions=tuple(_renditions(period, now)))
        except ValueError as error:
            problem = str(error)  # a period that has just begun may have no segment yet: the one before it has
    raise ValueError(problem)


def _periods(root: ElementTree.Element, url: str) -> Iterator[_Period]:
    anchor = _instant(_required(root, "availabilityStartTime"))
    update = _seconds(root.get("minimumUpdatePeriod", "PT0S"))
    elements = _children(root, "Period")
    starts: list[float] = []
    for index, element in enumerate(elements):
        given = element.get("start")
        if given is not None:
            start = _seconds(given)
        elif index == 0:
            start = 0.0
        else:
            start = starts[-1] + _seconds(_required(elements[index - 1], "duration"))
        starts.append(start)
    base = _base(root, url)
    for index, (element, start) in enumerate(zip(elements, starts, strict=True)):
        end = starts[index + 1] if index + 1 < len(starts) else inf
        if element.get("duration") is not None:
            end = min(end, start + _seconds(element.get("duration", "")))
        yield _Period(anchor + start, anchor + end, update, element, _base(element, base))


def _renditions(period: _Period, now: float) -> list[Live]:
    found: list[tuple[bool, Live]] = []
    for adaptation in _children(period.element, "AdaptationSet"):
        base = _base(adaptation, period.base)
        for representation in _children(adaptation, "Representation"):
            chain = [
                template
                for element in (period.element, adaptation, representation)
                for template in _children(element, "SegmentTemplate")[:1]
            ]
            if not chain:
                continue  # text in one file, or an addressing that live services do not use
            kind = (representation.get("mimeType") or adaptation.get("mimeType") or "") + (
                adaptation.get("contentType") or ""
            )
            live = _live(period, representation, chain, _base(representation, base), now)
            found.append(("video" not in kind, live))
    if not found:
        raise ValueError("has no representation with a SegmentTemplate")
    found.sort(key=lambda pair: pair[0])
    return [live for _, live in found]


def _live(
    period: _Period, representation: ElementTree.Element, chain: list[ElementTree.Element], base: str, now: float
) -> Live:
    attributes: dict[str, str] = {}
    timeline: ElementTree.Element | None = None
    for template in chain:  # the inner one completes and overrides the outer
        attributes.update(template.attrib)
        timeline = next(iter(_children(template, "SegmentTimeline")), timeline)
    scale = _integer(attributes, "timescale", 1)
    if scale <= 0:
        raise ValueError("has a time scale that is not positive")
    offset = _integer(attributes, "presentationTimeOffset", 0)
    # The period's last instant so far, and its end, in the template's own time.
    limit = offset + _ticks(now - CLOCK_MARGIN - period.start, scale)
    end = None if period.end == inf else offset + _ticks(period.end - period.start, scale)
    if timeline is None:
        newest = _by_formula(attributes, offset, limit, end)
    else:
        newest = _by_timeline(timeline, _integer(attributes, "startNumber", 1), limit, end)
    duration = newest.duration / scale
    begin = period.start + (newest.time - offset) / scale
    url = resolve(base, _fill(attributes.get("media", ""), representation, newest))
    number = round(begin * _MILLISECONDS)  # goes on over periods, whose times and numbers begin anew
    target = newest.longest / scale
    return Live(
        first=round((period.start + (newest.first_time - offset) / scale) * _MILLISECONDS),
        newest=number,
        segment=Segment(number, url, duration, "mp4"),
        edge=begin + duration,
        target_duration=target,
        patience=LATEST_UPDATE * max(target, period.update),
        declared=newest.declared,
    )


def _by_formula(attributes: Mapping[str, str], offset: int, limit: int, end: int | None) -> _Newest:
    duration = _integer(attributes, "duration", 0)
    if duration <= 0:
        raise ValueError("has a SegmentTemplate without duration and without SegmentTimeline")
    complete = (limit - offset) // duration
    if end is not None:
        complete = min(complete, -((offset - end) // duration))  # the last segment may be cut by the period's end
    if complete < 1:
        raise ValueError("has no complete segment yet")
    time = offset + (complete - 1) * duration
    number = _integer(attributes, "startNumber", 1) + complete - 1
    return _Newest(time, duration, number, offset, duration, declared=False)


def _by_timeline(timeline: ElementTree.Element, number: int, limit: int, end: int | None) -> _Newest:
    """Walk the runs of equal segments; a run of a million costs no more than a run of one."""
    runs = _children(timeline, "S")
    time = longest = 0
    first_time: int | None = None
    last: tuple[int, int, int] | None = None  # time, duration, number of the newest segment
    declared = True
    for index, run in enumerate(runs):
        time = _integer(run.attrib, "t", time)
        duration = _integer(run.attrib, "d", 0)
        if duration <= 0:
            raise ValueError("has a segment without duration in its SegmentTimeline")
        count = _integer(run.attrib, "r", 0) + 1
        if count <= 0:  # repeated up to the next run, or to the period's end, or to now
            if index + 1 < len(runs):
                count = (_integer(runs[index + 1].attrib, "t", time) - time) // duration
            else:
                count = (limit - time) // duration if end is None else (min(limit, end) - time) // duration
                declared = False
            if count <= 0:
                continue
        first_time = time if first_time is None else first_time
        longest = max(longest, duration)
        number += count
        time += count * duration
        last = (time - duration, duration, number - 1)
    if last is None or first_time is None:
        raise ValueError("has an empty SegmentTimeline")
    return _Newest(*last, first_time, longest, declared)


def _fill(media: str, representation: ElementTree.Element, newest: _Newest) -> str:
    if not media:
        raise ValueError("has a SegmentTemplate without media")
    values = {"Number": newest.number, "Time": newest.time}

    def value(match: re.Match[str]) -> str:
        name, width = match[1], int(match[2] or 0)
        if name is None:
            return "$"
        if name == "RepresentationID":
            return representation.get("id", "")
        number = values[name] if name in values else _integer(representation.attrib, "bandwidth", 0)
        return f"{number:0{width}d}"

    return _IDENTIFIER.sub(value, media)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [child for child in element if isinstance(child.tag, str) and _name(child) == name]


def _base(element: ElementTree.Element, url: str) -> str:
    for child in _children(element, "BaseURL")[:1]:
        return resolve(url, (child.text or "").strip())
    return url


def _required(element: ElementTree.Element, attribute: str) -> str:
    value = element.get(attribute)
    if value is None:
        raise ValueError(f"has a {_name(element)} without {attribute}")
    return value


def _integer(attributes: Mapping[str, str], name: str, default: int) -> int:
    value = attributes.get(name)
    if value is None:
        return default
    if not _INTEGER.fullmatch(value.strip()):
        raise ValueError(f"has a {name} that is no whole number")
    return int(value)


def _seconds(text: str) -> float:
    """Return an xs:duration; years and months, whose length nobody knows, must be none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ValueError("has a duration that cannot be read")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _instant(text: str) -> float:
    """Return Unix time. The standard's clock is UTC, so a time without a zone is UTC, as players read it."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("has an availabilityStartTime that is no date and time") from None


def _ticks(seconds: float, scale: int) -> int:
    return int(seconds * scale)
