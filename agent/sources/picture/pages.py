"""The thumbnails over HTTP: a list as JSON, and each picture by its moment."""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import msgspec

from agent.runtime.collector import Page
from agent.sources.media import Delivery
from agent.sources.picture.state import Picture

_ROOT = "pictures"


def page(path: str, kept: Mapping[tuple[str, Delivery], Sequence[Picture]]) -> Page | None:
    """Return what is at a path, where `kept` are the pictures by channel and delivery, the oldest first.

    /pictures                            the channels and the moments of their pictures
    /pictures/DELIVERY/CHANNEL           the last picture
    /pictures/DELIVERY/CHANNEL/MOMENT    the one of that moment
    """
    root, *rest = [unquote(part) for part in path.strip("/").split("/")]
    if root != _ROOT:
        return None
    if not rest:
        listed = [
            {"channel": channel, "delivery": delivery, "moments": [_name(one) for one in pictures]}
            for (channel, delivery), pictures in sorted(kept.items())
        ]
        return Page("application/json", msgspec.json.encode(listed))
    if len(rest) not in (2, 3):
        return None
    delivery, channel, *moment = rest
    pictures = next((one for way, one in kept.items() if way == (channel, delivery)), ())
    for picture in reversed(pictures):
        if not moment or moment[0] == _name(picture):
            return Page("image/jpeg", picture.image)
    return None


def _name(picture: Picture) -> str:
    return f"{picture.moment:.3f}"
