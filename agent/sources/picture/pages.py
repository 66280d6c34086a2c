"""The thumbnails over HTTP: a list as JSON, and each picture by its moment."""

from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from agent.runtime.collector import Page
from agent.sources.media import Delivery
from agent.sources.picture.kept import Kept, Picture

_ROOT, _LATEST = "pictures", "latest"


def page(path: str, kept: Mapping[tuple[str, Delivery], Kept]) -> Page | None:
    """Return what is at a path, where `kept` are the pictures by channel and delivery.

    /pictures                            the channels and the moments of their pictures
    /pictures/latest                     the last picture of every channel in one answer
    /pictures/DELIVERY/CHANNEL           the last picture
    /pictures/DELIVERY/CHANNEL/MOMENT    the one of that moment
    """
    root, *rest = [unquote(part) for part in path.strip("/").split("/")]
    if root != _ROOT:
        return None
    if not rest:
        listed = [
            {
                "channel": channel,
                "delivery": delivery,
                "moments": [_name(one) for one in pictures.last],
                "faults": [_name(one) for one in pictures.faults],
            }
            for (channel, delivery), pictures in sorted(kept.items())
        ]
        return Page("application/json", msgspec.json.encode(listed))
    if rest == [_LATEST]:
        return _latest(kept)
    if len(rest) not in (2, 3):
        return None
    delivery, channel, *moment = rest
    pictures = next((one for way, one in kept.items() if way == (channel, delivery)), Kept(()))
    for picture in (*reversed(pictures.last), *(pictures.faults if moment else ())):
        if not moment or moment[0] == _name(picture):
            return Page("image/jpeg", picture.image)
    return None


def _latest(kept: Mapping[tuple[str, Delivery], Kept]) -> Page:
    """Return a line of JSON that lists the pictures with their sizes, and behind it the pictures in that order."""
    last = [(*way, pictures.last[-1]) for way, pictures in sorted(kept.items()) if pictures.last]
    listed = [
        {"channel": channel, "delivery": delivery, "moment": _name(picture), "size": len(picture.image)}
        for channel, delivery, picture in last
    ]
    body = b"".join([msgspec.json.encode(listed), b"\n", *(picture.image for *_, picture in last)])
    return Page("application/octet-stream", body)


def _name(picture: Picture) -> str:
    return f"{picture.moment:.3f}"
