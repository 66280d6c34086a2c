"""Parameters that a DASH manifest wants in the addresses of its segments (ISO/IEC 23009-1, annex I).

So a token of the manifest's own address gets to each segment. dash.js and shaka-player read it at the manifest, the
adaptation set and the representation; what an inner element says takes the place of what an outer one says.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

from agent.sources.streams import dash_xml as xml

_ELEMENTS = {
    "urn:mpeg:dash:urlparam:2014": "UrlQueryInfo",
    "urn:mpeg:dash:urlparam:2016": "ExtUrlQueryInfo",
}
_ALL = "$querypart$"
_ONE = re.compile(r"\$query:([^$]+)\$")
_IDENTIFIER = re.compile(r"\$\$|\$[^$]+\$")


class Query(NamedTuple):
    """What is added to the address of a segment."""

    text: str = ""
    origin: str | None = None  # the only one that gets it

    def added(self, url: str) -> str:
        """Return the address with it."""
        if not self.text or url.startswith("data:") or self.origin not in (None, _origin(url)):
            return url
        url, mark, fragment = url.partition("#")
        return f"{url}{'&' if '?' in url else '?'}{self.text}{mark}{fragment}"


def query(element: Element, outer: Query, url: str) -> Query:
    """Return what an element of the manifest from `url` wants, else what the one around it does."""
    found = outer
    for info in _infos(element):
        asked = (info.get("includeInRequests") or "segment").split()
        given = [info.get("queryString", "")]
        if info.get("useMPDUrlQuery", "").strip() in ("true", "1"):
            given.insert(0, urlsplit(url).query)
        text = "&".join(part for part in given if part)
        own = info.get("sameOriginOnly", "").strip() in ("true", "1")
        if "segment" in asked or "*" in asked:
            found = Query(_filled(info.get("queryTemplate", ""), text), _origin(url) if own else None)
    return found


def _infos(element: Element) -> Iterator[Element]:
    for name in ("SupplementalProperty", "EssentialProperty"):
        for descriptor in xml.children(element, name):
            info = _ELEMENTS.get(descriptor.get("schemeIdUri", "").strip())
            yield from xml.children(descriptor, info) if info else ()
    yield from xml.children(element, "RequestParam")  # the sixth edition


def _filled(template: str, text: str) -> str:
    """Return a template's parameters; one that the manifest's address does not have is left out."""
    parts = []
    for part in template.split("&"):
        if part == _ALL:
            parts.append(text)
        elif one := _ONE.search(part):
            value = parse_qs(text, keep_blank_values=True).get(one[1], [""])[0]
            parts.append(f"{one[1]}={value}" if value else "")
        else:
            parts.append(_IDENTIFIER.sub(lambda match: "$" if match[0] == "$$" else "", part))
    return "&".join(part for part in parts if part)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
