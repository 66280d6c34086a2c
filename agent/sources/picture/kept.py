"""The thumbnails that are kept of a channel: the last ones, and those around a fault."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

_SPACING = 4.0  # seconds between two of the last pictures, at least
# Seconds that black or still pictures must last until their pictures are kept: a cut to black between two programmes
# would otherwise push out those of a fault. What is a fault is for the rules to say.
_LASTING = 5.0


class Picture(NamedTuple):
    """A thumbnail."""

    moment: float  # Unix time
    image: bytes  # JPEG


class Kept(NamedTuple):
    """The pictures of one channel by one delivery, the oldest first."""

    last: Sequence[Picture]
    faults: Sequence[Picture] = ()


class Pictures:
    """Of the last pictures and of those around faults so many each, in memory only."""

    def __init__(self, last: int, faults: int) -> None:
        self._last: deque[Picture] = deque(maxlen=last)
        self._faults: deque[Picture] = deque(maxlen=faults)
        self._good: Picture | None = None
        self._begun: float | None = None
        self._told = False  # the fault that lasts has its pictures

    def take(self, picture: Picture, *, wrong: bool) -> None:
        """Take the next picture; `wrong` is whether it is black or still and should not be."""
        # Of pictures in short succession the last is kept.
        if len(self._last) > 1 and self._last[-1].moment - self._last[-2].moment < _SPACING:
            self._last.pop()
        self._last.append(picture)
        self._around(picture, wrong=wrong)

    def kept(self) -> Kept:
        """Return what is kept now."""
        return Kept(tuple(self._last), tuple(self._faults))

    def _around(self, picture: Picture, *, wrong: bool) -> None:
        """Keep the last picture before a fault, one of it, and the first after it."""
        if not wrong:
            if self._told:
                self._faults.append(picture)
            self._good, self._begun, self._told = picture, None, False
            return
        if self._begun is None:
            self._begun = picture.moment
        if not self._told and picture.moment - self._begun >= _LASTING:
            self._faults.extend(one for one in (self._good, picture) if one is not None)
            self._told = True
