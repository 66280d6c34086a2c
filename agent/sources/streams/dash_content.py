"""What of a DASH manifest players play: pictures and sound, and what they pass over or refuse."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from agent.sources.streams import dash_xml as xml
from agent.sources.streams.live import Kind

_TEXT_CODECS = ("stpp", "wvtt", "ttml")
# Properties that players know: of colour and audio, parameters of addresses, fonts. What must be understood and is not
# one of them is passed over by dash.js and shaka, as pictures for fast winding are.
_UNDERSTOOD = (
    "urn:mpeg:mpegb:cicp:",
    "urn:mpeg:dash:urlparam:",
    "urn:dvb:dash:fontdownload:",
    "urn:mpeg:dash:preselection",
)
# What shaka-player knows besides where a whole manifest asks for it.
_KNOWN_OF_MANIFESTS = (
    *_UNDERSTOOD,
    "http://dashif.org/guidelines/trickmode",
    "http://dashif.org/guidelines/thumbnail_tile",
    "http://dashif.org/thumbnail_tile",
    "urn:mpeg:dash:pattern:",
    "urn:mpeg:dash:ssr:",
)
_OTHER_KINDS = frozenset({"text", "image", "application", "font"})
_KEY = re.compile(r"[0-9a-f]{32}")
_WORDS: dict[Kind, str] = {"video": "pictures", "audio": "sound"}


class Played(NamedTuple):
    """A representation of pictures or sound."""

    place: int  # of its adaptation set, from 1
    adaptation: Element
    representation: Element
    mime: str
    kind: Kind


def played(period: Element) -> list[Played]:
    """Return what players take for pictures and sound in a period, in the manifest's order."""
    listed = [
        (place, adaptation, representation)
        for place, adaptation in enumerate(xml.children(period, "AdaptationSet"), 1)
        for representation in xml.children(adaptation, "Representation")
    ]
    usable = [one for one in listed if _understood(one[1]) and _understood(one[2])]
    found = []
    for place, adaptation, representation in usable or listed:
        mime = (representation.get("mimeType") or adaptation.get("mimeType") or "").lower()
        kind = _kind(mime, adaptation, representation)
        if kind is not None:
            found.append(Played(place, adaptation, representation, mime, kind))
    return found


def refused(root: Element, periods: Sequence[tuple[str, Element]]) -> str:
    """Return why some players refuse a manifest, or a part of it, that others play; empty where they do not.

    `periods` are those whose times are known, each with its name.
    """
    for element in xml.children(root, "EssentialProperty"):
        scheme = element.get("schemeIdUri", "").strip()
        if not scheme.lower().startswith(_KNOWN_OF_MANIFESTS):
            return (
                f"the manifest as a whole wants {xml.quoted(scheme)} to be understood (EssentialProperty of the MPD); "
                "shaka-player 5.2.12 does not know that and refuses the manifest"
            )
    for name, element in periods:
        for place, adaptation in enumerate(xml.children(element, "AdaptationSet"), 1):
            mime = adaptation.get("mimeType", "").lower()
            bare = not xml.children(adaptation, "Representation") and _understood(adaptation)
            if bare and _kind(mime, adaptation, adaptation) is not None:
                return (
                    f"adaptation set {place} of the Period {name} has no Representation; shaka-player 5.2.12 refuses "
                    "the manifest as long as it lists that set"
                )
    kinds = [(name, {one.kind for one in played(element)}) for name, element in periods]
    anywhere: set[Kind] = set().union(*(found for _, found in kinds))
    for name, found in kinds:
        if not found:
            return (
                f"the Period {name} has neither pictures nor sound; shaka-player 5.2.12 refuses the manifest as long "
                "as it lists that Period, and dash.js 5.2.1 stops where it begins"
            )
        for kind in sorted(anywhere - found):
            return (
                f"the Period {name} has no {_WORDS[kind]}, which other Periods have; shaka-player 5.2.12 plays what "
                f"all Periods have: viewers who begin get no {_WORDS[kind]} as long as the manifest lists that Period"
            )
    return ""


def licensed(adaptation: Element, representation: Element) -> frozenset[str]:
    """Return the identifiers of the keys that a representation needs (default_KID), in hexadecimal."""
    for element in (representation, adaptation):
        names = [
            name.replace("-", "").lower()
            for protection in xml.children(element, "ContentProtection")
            for key, value in protection.attrib.items()
            if key.rpartition(":")[2] == "default_KID"
            for name in value.split()
        ]
        if names:
            return frozenset(name for name in names if _KEY.fullmatch(name) and name.strip("0"))
    return frozenset()


def updates_told(element: Element) -> bool:
    """Return whether events in the segments tell when the manifest has changed (ISO/IEC 23009-1, 5.10.4)."""
    return any(
        stream.get("schemeIdUri", "").strip() == "urn:mpeg:dash:event:2012"
        for stream in xml.children(element, "InbandEventStream")
    )


def _understood(element: Element) -> bool:
    """Return whether players know all that must be understood of an adaptation set or a representation."""
    properties = xml.children(element, "EssentialProperty")
    return all(one.get("schemeIdUri", "").strip().lower().startswith(_UNDERSTOOD) for one in properties)


def _kind(mime: str, adaptation: Element, representation: Element) -> Kind | None:
    """Return what players take a representation for; None for subtitles, tiles of a time bar, events and the like."""
    codecs = (representation.get("codecs") or adaptation.get("codecs") or "").strip().lower()
    if codecs.startswith(_TEXT_CODECS) or mime.startswith(("text/", "image/")):
        return None
    components = xml.children(adaptation, "ContentComponent")
    own = components[0].get("contentType") if len(components) == 1 else None
    content, top = (adaptation.get("contentType") or own or "").strip().lower(), mime.partition("/")[0]
    if content not in _WORDS:
        content = "" if content in _OTHER_KINDS else top or "video"
    return "audio" if content == "audio" else "video" if content == "video" else None
