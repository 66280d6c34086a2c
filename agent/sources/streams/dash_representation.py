"""One representation of a DASH manifest: how its segments are addressed, and which are there now."""

import re
from math import inf
from typing import NamedTuple
from xml.etree.ElementTree import Element

from agent.sources.streams import dash_xml as xml
from agent.sources.streams.dash_content import licensed, updates_told
from agent.sources.streams.dash_period import Period, based
from agent.sources.streams.dash_query import Query, query
from agent.sources.streams.dash_segments import Place, Places, Scope, by_formula, by_timeline, fill
from agent.sources.streams.live import (
    LATEST_UPDATE,
    Container,
    Init,
    Live,
    NothingYet,
    Resource,
    Segment,
    resolve,
)

# By how much our clock may be ahead of the packager's before we ask for segments that do not exist yet.
CLOCK_MARGIN = 1.0
_MILLISECONDS = 1000
_PLACE = re.compile(r"[0-9]{1,18}")
_BEGINNING = 64 << 10  # what is fetched of a file that is addressed as a whole
_JUMPS = (
    "its SegmentTimeline names numbers of its own (S@n); dash.js 5.2.1 and shaka-player 5.2.12 count from startNumber "
    "and ask for other segments"
)
_FIXED = (
    "the MPD has no minimumUpdatePeriod that can be read, so that it does not change (ISO/IEC 23009-1, 5.3.1.2): "
    "dash.js 5.2.1 and shaka-player 5.2.12 do not read it again and stop where its list of segments ends"
)
_CONTAINERS: dict[str, Container] = {"mp4": "mp4", "webm": "webm", "mp2t": "ts"}


def live(period: Period, adaptation: Element, representation: Element, mime: str, now: float) -> Live:
    """Return the representation as of now; raise ValueError or NotJudged."""
    bases = based(representation, based(adaptation, period.bases))
    levels = (period.element, adaptation, representation)
    wanted = query(representation, query(adaptation, period.query, period.url), period.url)
    container = _CONTAINERS.get(mime.partition("/")[2], "plain")
    notified = updates_told(adaptation) or updates_told(representation)
    where = _Where(bases, container, wanted, licensed(adaptation, representation), notified)
    for name in ("SegmentTemplate", "SegmentList", "SegmentBase"):
        chain = [element for level in levels for element in xml.children(level, name)[:1]]
        if chain:
            break
    else:
        return _one_file(where, [])
    if name == "SegmentBase":
        return _one_file(where, chain)
    return _Addressed(period, representation, chain, where, now).live()


class _Where(NamedTuple):
    """What holds for all segments: what their addresses are relative to, how their bytes are to be read, and so on."""

    bases: tuple[str, ...]
    container: Container
    query: Query
    licensed: frozenset[str]  # keys that its initialization section may name
    notified: bool  # events in the segments tell players to read the manifest again

    def absolute(self, reference: str) -> tuple[str, ...]:
        """Return the addresses that a reference means; raise ValueError."""
        return tuple(self.query.added(resolve(base, reference)) for base in self.bases)


class _Addressed:
    """Segments by SegmentTemplate or SegmentList."""

    def __init__(
        self,
        period: Period,
        representation: Element,
        chain: list[Element],
        where: _Where,
        now: float,
    ) -> None:
        self._period, self._representation = period, representation
        self._where = where
        self._chain, self._name = chain, chain[0].tag
        self._attributes: dict[str, str] = {}
        for element in chain:  # the inner one completes and overrides the outer
            self._attributes.update(element.attrib)
        self._scope = self._scoped(now)

    def live(self) -> Live:
        timeline = self._inner("SegmentTimeline")
        urls = self._urls() if self._name == "SegmentList" else None
        places = self._places(timeline, urls)
        scale, period = self._scope.scale, self._period
        segments = tuple(dict.fromkeys(self._segment(place, urls) for place in (places.newest, places.start)))
        target = places.longest / scale
        return Live(
            first=self._number(places.first),
            newest=self._number(places.newest),
            segments=segments,
            edge=self._begin(places.newest) + places.newest.duration / scale,
            target_duration=target,
            patience=LATEST_UPDATE * max(target, period.update or 0.0),
            declared=places.declared,
            ahead=places.ahead,
            invalid=self._invalid(places),
            source=period.url.partition("?")[0],
            period=(period.name, period.start if period.name else period.anchor),
        )

    def _invalid(self, places: Places) -> str:
        """Return what players make of this manifest otherwise than is meant; empty where they do not."""
        if places.jumps and "$Number" in self._attributes.get("media", ""):
            return _JUMPS
        return _FIXED if places.last and self._period.update is None and not self._where.notified else ""

    def _places(self, timeline: Element | None, urls: list[Element] | None) -> Places:
        if urls is None:
            if timeline is None:
                return by_formula(self._attributes, self._scope, self._name)
            return by_timeline(timeline, self._attributes, self._scope)
        if not urls:
            raise NothingYet("has a <SegmentList> that lists no SegmentURL")
        if timeline is None:
            timeline = self._equal(len(urls))
        return by_timeline(timeline, self._attributes, self._scope)

    def _equal(self, count: int) -> Element:
        """Return the timeline of a list whose segments are all of one duration."""
        duration = xml.integer(self._attributes, "duration", 0, self._name)
        if duration <= 0:
            raise ValueError("has a <SegmentList> with neither a duration above 0 nor a SegmentTimeline")
        number = xml.integer(self._attributes, "startNumber", 1, self._name)
        time = self._scope.offset + (number - 1) * duration
        timeline = Element("SegmentTimeline")
        timeline.append(Element("S", {"t": str(time), "d": str(duration), "r": str(count - 1)}))
        return timeline

    def _urls(self) -> list[Element]:
        for element in reversed(self._chain):
            if urls := xml.children(element, "SegmentURL"):
                return urls
        return []

    def _inner(self, name: str) -> Element | None:
        for element in reversed(self._chain):
            if (found := xml.first(element, name)) is not None:
                return found
        return None

    def _scoped(self, now: float) -> Scope:
        scale = xml.integer(self._attributes, "timescale", 1, self._name)
        if scale <= 0:
            raise ValueError(f"has a <{self._name}> whose timescale is not above 0")
        offset = xml.integer(self._attributes, "presentationTimeOffset", 0, self._name)
        # Segments that may be asked for before they are whole are asked for when they are; later ones later.
        early = min(0.0, xml.decimal(self._attributes, "availabilityTimeOffset", 0.0, self._name))
        period, delay = self._period, self._period.delay
        return Scope(
            scale,
            offset,
            offset + int((now + early - period.start) * scale),
            int(CLOCK_MARGIN * scale),
            None if delay is None else int(delay * scale),
            None if period.end == inf else offset + int((period.end - period.start) * scale),
        )

    def _begin(self, place: Place) -> float:
        return self._period.start + (place.time - self._scope.offset) / self._scope.scale

    def _number(self, place: Place) -> int:
        return round(self._begin(place) * _MILLISECONDS)  # goes on over periods, whose times and numbers begin again

    def _segment(self, place: Place, urls: list[Element] | None) -> Segment:
        if urls is not None:
            first = xml.integer(self._attributes, "startNumber", 1, self._name)
            index = place.number - first
            if not 0 <= index < len(urls):
                raise ValueError("has a <SegmentList> with fewer SegmentURLs than its SegmentTimeline has segments")
            media, text = urls[index].get("media", ""), urls[index].get("mediaRange")
            byte_range = None if text is None else _range(text, "SegmentURL", "mediaRange")
            resource = Resource(self._where.absolute(media), byte_range)
        else:
            media = self._attributes.get("media", "")
            if not media:
                raise ValueError("has a <SegmentTemplate> without media")
            resource = Resource(self._where.absolute(fill(media, self._representation, place, "media")))
        init, container, scale = self._initialization(), self._where.container, self._scope.scale
        duration, begins = place.duration / scale, place.time / scale
        return Segment(self._number(place), resource, duration, container, init, begins=begins)

    def _initialization(self) -> Init | None:
        template = self._attributes.get("initialization")
        if template and self._name == "SegmentTemplate":
            addresses = self._where.absolute(fill(template, self._representation, None, "initialization"))
            return Init(Resource(addresses), licensed=self._where.licensed)
        element = self._inner("Initialization")
        return None if element is None else _initialization(element, self._where)


def _initialization(element: Element, where: _Where) -> Init:
    """Return what an <Initialization> names."""
    text = element.get("range")
    byte_range = None if text is None else _range(text, "Initialization", "range")
    reference = element.get("sourceURL", "")
    return Init(Resource(where.absolute(reference), byte_range), licensed=where.licensed)


def _one_file(where: _Where, chain: list[Element]) -> Live:
    """Return a representation in one file: its beginning proves that it is there; nothing new appears in it."""
    init = next(
        (
            _initialization(element, where)
            for level in reversed(chain)
            for element in xml.children(level, "Initialization")
        ),
        None,
    )
    segment = Segment(0, Resource(where.absolute(""), (0, _BEGINNING)), 1.0, where.container, init, partial=True)
    return Live(0, 0, (segment,), None, 1.0, inf, moves=False)


def _range(text: str, element: str, attribute: str) -> tuple[int, int | None]:
    first, dash, last = text.strip().partition("-")
    if not (_PLACE.fullmatch(first) and dash and (not last or _PLACE.fullmatch(last))):
        raise ValueError(f"has a <{element}> whose {attribute} is {xml.quoted(text)}, not FIRST-LAST")
    if not last:
        return int(first), None
    if int(last) < int(first):
        raise ValueError(f"has a <{element}> whose {attribute} is {xml.quoted(text)}: it ends before it begins")
    return int(first), int(last) - int(first) + 1
