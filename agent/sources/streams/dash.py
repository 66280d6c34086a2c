"""DASH manifests (ISO/IEC 23009-1): what a dynamic manifest offers at a moment.

With a SegmentTimeline or a SegmentList the manifest lists what exists, as far as it is available by the clock. Without
one it gives a formula, and the newest segment is the last that is complete by the clock.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from xml.etree.ElementTree import Element

from agent.sources.streams import dash_content, dash_representation
from agent.sources.streams import dash_xml as xml
from agent.sources.streams.dash_period import Period, based
from agent.sources.streams.dash_query import Query, query
from agent.sources.streams.live import HOLD_BACK, NothingYet, NotJudged, Offer, resolve


@dataclass(slots=True)
class Document:
    """A manifest as it came from `url`."""

    root: Element
    url: str
    ended: bool
    location: str | None = None  # where its next version is
    clocks: tuple[tuple[str, str], ...] = ()  # UTCTiming: scheme and value

    def remote(self) -> list[tuple[Element, Element, str]]:
        """Return the elements whose content is elsewhere (XLink), each with its parent and its address."""
        return [
            (parent, element, href)
            for parent, element in xml.descend(self.root)
            if (href := xml.xlink(element, "href")) is not None
        ]

    def bases(self) -> tuple[str, ...]:
        """Return what the addresses of clocks are relative to: the BaseURLs of the whole, else where it came from."""
        try:
            return based(self.root, (self.url,))
        except ValueError:
            return (self.url,)

    def offers(self, now: float) -> tuple[Offer, ...]:
        """Return what players get at this moment, pictures first; raise ValueError or NotJudged."""
        periods = list(self._periods())
        offers = _current(periods, now)
        names = [xml.quoted(one.name) if one.name else f"number {place}" for place, one in enumerate(periods, 1)]
        elements = [one.element for one in periods]
        invalid = dash_content.refused(self.root, list(zip(names, elements, strict=True)))
        return tuple(
            offer._replace(live=replace(offer.live, invalid=invalid))
            if invalid and offer.live is not None and offer.kind == offers[0].kind
            else offer
            for offer in offers
        )

    def _periods(self) -> Iterator[Period]:
        anchor = xml.instant(xml.required(self.root, "availabilityStartTime"), "MPD@availabilityStartTime")
        update = xml.seconds(self.root, "minimumUpdatePeriod")
        delay = xml.seconds(self.root, "suggestedPresentationDelay")
        bases = based(self.root, (self.url,))
        wanted = query(self.root, Query(), self.url)
        total = xml.seconds(self.root, "mediaPresentationDuration")
        elements = xml.children(self.root, "Period")
        starts: list[float] = []
        for index, element in enumerate(elements):
            start = xml.seconds(element, "start")
            if start is None and index == 0:
                start = 0.0
            elif start is None:
                before = xml.seconds(elements[index - 1], "duration")
                if before is None:
                    break  # an early available period: nobody knows yet when it begins
                start = starts[-1] + before
            starts.append(start)
        for index, (element, start) in enumerate(zip(elements, starts, strict=False)):
            # Of what lies behind the end of the presentation nothing is there to be asked for.
            end = starts[index + 1] if index + 1 < len(starts) else inf if total is None else total
            duration = xml.seconds(element, "duration")
            if duration is not None:
                end = min(end, start + duration)
            own = query(element, wanted, self.url)
            name, places = element.get("id", "").strip(), based(element, bases)
            yield Period(anchor + start, anchor + end, element, places, update, delay, self.url, own, anchor, name)


def parse(text: str, url: str) -> Document:
    """Read a manifest got from `url`; raise ValueError for anything a player could not use."""
    root = xml.parse(text)
    if root.tag == "SmoothStreamingMedia":
        raise NotJudged("format", "is a manifest of Smooth Streaming")
    if root.tag != "MPD":
        raise ValueError(f"is no manifest but a <{root.tag[:40]}> document")
    document = Document(root, url, ended=root.get("type", "static").strip() != "dynamic")
    for element in xml.children(root, "Location"):
        if document.location is None and (element.text or "").strip():
            with suppress(ValueError):  # the next one, or the address that this manifest came from
                document.location = resolve(url, element.text or "")
    document.clocks = tuple(
        (element.get("schemeIdUri", ""), element.get("value", "")) for element in xml.children(root, "UTCTiming")
    )
    return document


def _current(periods: list[Period], now: float) -> tuple[Offer, ...]:
    """Return what is offered in the period that players play; raise ValueError."""
    problem: Exception = ValueError("has no Period")
    early: tuple[Offer, ...] = ()
    begun = [period for period in periods if period.start <= now]
    if not begun and periods:
        problem = ValueError("has no Period that has begun: its first lies ahead")
    for period in reversed(begun):
        offers = tuple(_offers(period, now))
        if not offers:
            raise ValueError("has a Period without a Representation of pictures or sound")
        # A period that has just begun may have no segment yet: players still play the one before it.
        waiting = [offer for offer in offers if _too_early(offer, period, now)]
        if len(waiting) < len(offers) and not (waiting and _young(offers, period, now)):
            return offers
        problem = next((offer.problem for offer in waiting if offer.problem is not None), problem)
        listed = tuple(offer for offer in offers if offer.live is not None)
        early = early or (listed if len(waiting) == len(offers) else offers)
    if early:
        return early
    raise problem


def _offers(period: Period, now: float) -> Iterator[Offer]:
    found: list[Offer] = []
    for place, adaptation, representation, mime, kind in dash_content.played(period.element):
        name = f"representation {representation.get('id', 'without id')[:40]} of adaptation set {place}"
        try:
            live = dash_representation.live(period, adaptation, representation, mime, now)
            found.append(Offer(name, kind, live))
        except (ValueError, NotJudged) as error:
            found.append(Offer(name, kind, problem=error))
    yield from sorted(found, key=lambda offer: offer.kind != "video")


def _young(offers: tuple[Offer, ...], period: Period, now: float) -> bool:
    """Return whether a period has begun so lately that sound may have a segment before pictures do."""
    longest = max((offer.live.target_duration for offer in offers if offer.live is not None), default=0.0)
    return now - period.start < HOLD_BACK * longest


def _too_early(offer: Offer, period: Period, now: float) -> bool:
    """Return whether a representation of a period that has just begun has nothing complete."""
    if offer.live is not None:
        return offer.live.ahead and now - period.start < HOLD_BACK * offer.live.target_duration
    return isinstance(offer.problem, NothingYet)
