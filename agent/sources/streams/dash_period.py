"""A period of a DASH manifest, and the addresses that references in it are relative to."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from agent.sources.streams import dash_xml as xml
from agent.sources.streams.dash_query import Query
from agent.sources.streams.live import resolve

MOST_BASES = 8


@dataclass(frozen=True, slots=True)
class Period:
    """A period with its times and the addresses that references in it are relative to."""

    start: float  # Unix time
    end: float
    element: Element
    bases: tuple[str, ...]
    update: float | None  # seconds between two versions of the manifest; None where players do not read it again
    delay: float | None  # what players are told to stay behind
    url: str  # of the manifest
    query: Query  # what is added to the addresses of segments
    anchor: float  # availabilityStartTime of the manifest
    name: str = ""  # Period@id, under which players know it again


def based(element: Element, bases: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses that references within are relative to: the first, then its alternatives."""
    given = [(child.text or "").strip() for child in xml.children(element, "BaseURL")]
    if not given:
        return bases
    found: dict[str, None] = {}
    problem = None
    for reference in given:
        for base in bases:
            try:
                found.setdefault(resolve(base, reference))
            except ValueError as error:
                problem = error  # an address of another kind beside one that players can use
    if not found and problem is not None:
        raise problem
    return tuple(found)[:MOST_BASES]
