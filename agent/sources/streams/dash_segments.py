"""Which segment of a DASH representation is the newest, and with which players begin."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from agent.sources.streams import dash_xml as xml
from agent.sources.streams.live import NothingYet, NotJudged

_IDENTIFIER = re.compile(r"\$(?:([A-Za-z]+)(?:%(?:0(\d{1,2}))?([diuxXo])?)?)?\$")
_FORMATS = {"x": "x", "X": "X", "o": "o"}


@dataclass(frozen=True, slots=True)
class Scope:
    """The period around a representation, in the time scale of its segments, and what is available of it."""

    scale: int
    offset: int  # presentationTimeOffset: what the period begins with
    limit: int  # what is complete by the clock
    margin: int  # less by so much where a formula promises what nobody lists
    delay: int | None  # what the manifest suggests to stay behind
    end: int | None  # of the period

    def formula_limit(self) -> int:
        """Return up to where segments are complete, if only the clock says so."""
        return self.limit - self.margin


@dataclass(frozen=True, slots=True)
class Place:
    """One segment: where it begins, how long it plays, and its number."""

    time: int
    duration: int
    number: int


@dataclass(frozen=True, slots=True)
class Places:
    """The newest segment, that with which players begin, and the oldest listed."""

    newest: Place
    start: Place
    first: Place
    longest: int
    declared: bool
    ahead: bool = False
    jumps: bool = False  # its numbers (S@n) are others than those that players count
    last: bool = False  # nothing is listed behind the newest, though the period goes on


@dataclass(frozen=True, slots=True)
class _Run:
    """Segments of equal length, one after the other; a million cost no more than one."""

    time: int
    duration: int
    number: int
    count: int

    def last_until(self, limit: int) -> Place | None:
        """Return the last segment that ends by `limit`."""
        count = min(self.count, (limit - self.time) // self.duration)
        return None if count < 1 else self.at(count - 1)

    def at(self, index: int) -> Place:
        return Place(self.time + index * self.duration, self.duration, self.number + index)


def by_formula(attributes: Mapping[str, str], scope: Scope, element: str) -> Places:
    """Return what a duration without a list promises; raise ValueError."""
    duration = xml.integer(attributes, "duration", 0, element)
    if duration <= 0:
        raise ValueError(f"has a <{element}> with neither a duration above 0 nor a SegmentTimeline")
    number = xml.integer(attributes, "startNumber", 1, element)
    limit = scope.formula_limit()
    count = (limit - scope.offset) // duration
    if scope.end is not None:
        count = min(count, -((scope.offset - scope.end) // duration))  # the last may be cut by the period's end
    if "endNumber" in attributes:
        count = min(count, xml.integer(attributes, "endNumber", 0, element) - number + 1)
    if count < 1:
        raise NothingYet("has a period that has begun and no complete segment yet")
    run = _Run(scope.offset, duration, number, count)
    newest = run.at(count - 1)
    start = run.last_until(_start_limit(scope, limit, duration)) or run.at(0)
    return Places(newest, start, run.at(0), duration, declared=False)


def by_timeline(timeline: Element, attributes: Mapping[str, str], scope: Scope) -> Places:
    """Return what a SegmentTimeline lists of what is available by the clock; raise ValueError."""
    first = xml.integer(attributes, "startNumber", 1, "SegmentTemplate")
    runs, declared, jumps = _runs(timeline, first, scope)
    if not runs:
        raise NothingYet("has an empty SegmentTimeline")
    longest = max(run.duration for run in runs)
    limit = scope.limit if declared else scope.formula_limit()
    newest = _last_until(runs, limit)
    ahead = newest is None
    if newest is None:
        # All of it lies ahead: the clocks disagree, and players then go by the list.
        newest = runs[-1].at(runs[-1].count - 1)
        limit = newest.time + newest.duration
    start = _last_until(runs, _start_limit(scope, limit, longest)) or runs[0].at(0)
    end = max(run.time + run.count * run.duration for run in runs)
    last = declared and newest.time + newest.duration >= end and (scope.end is None or end + longest <= scope.end)
    return Places(newest, start, runs[0].at(0), longest, declared, ahead, jumps, last)


def _runs(timeline: Element, number: int, scope: Scope) -> tuple[list[_Run], bool, bool]:
    """Return the runs, whether all is declared, and whether they name other numbers than players count."""
    elements = xml.children(timeline, "S")
    time, declared, jumps = 0, True, False
    runs: list[_Run] = []
    for index, element in enumerate(elements):
        time = xml.integer(element.attrib, "t", time, "S")
        jumps |= xml.integer(element.attrib, "n", number, "S") != number
        duration = xml.integer(element.attrib, "d", -1, "S")
        if duration < 0:
            raise ValueError("has an <S> in its SegmentTimeline without a duration d, or with one below 0")
        count = xml.integer(element.attrib, "r", 0, "S") + 1
        if duration == 0:  # AWS MediaPackage lists so what is not there: it has a number and takes no time
            number += max(count, 1)
            continue
        if count <= 0:  # repeated up to the next run, or to the period's end, or to now
            if index + 1 < len(elements):
                count = (xml.integer(elements[index + 1].attrib, "t", time, "S") - time) // duration
            else:
                limit = scope.formula_limit()
                count = (limit - time) // duration if scope.end is None else (min(limit, scope.end) - time) // duration
                declared = False
            if count <= 0:
                continue
        runs.append(_Run(time, duration, number, count))
        number += count
        time += count * duration
    return runs, declared, jumps


def _last_until(runs: list[_Run], limit: int) -> Place | None:
    """Return the last segment of all runs that ends by `limit`."""
    index = bisect_right([run.time for run in runs], limit)
    for run in reversed(runs[:index]):
        if place := run.last_until(limit):
            return place
    return None


def _start_limit(scope: Scope, limit: int, longest: int) -> int:
    return limit - (3 * longest if scope.delay is None else max(scope.delay, longest))


def fill(template: str, representation: Element, place: Place | None, what: str) -> str:
    """Return the address that a template gives for a segment; raise ValueError or NotJudged."""
    values: dict[str, int] = {} if place is None else {"Number": place.number, "Time": place.time}

    def value(match: re.Match[str]) -> str:
        name, width, form = match[1], int(match[2] or 0), match[3] or "d"
        if name is None:
            return "$"
        if name == "RepresentationID":
            return representation.get("id", "")
        if name == "Bandwidth":
            number = xml.integer(representation.attrib, "bandwidth", 0, "Representation")
        elif name in values:
            number = values[name]
        elif name == "SubNumber":
            raise NotJudged("addressing", f"addresses parts of segments ($SubNumber$ in {what})")
        else:
            return match[0]
        return f"{number:0{width}{_FORMATS.get(form, 'd')}}"

    return _IDENTIFIER.sub(value, template)
