"""Whether a picture is black, and whether it differs from another, on a small grey copy of it.

Brightness is that of the video range (ITU-R BT.709, 8 bits): 16 is black, 235 is white.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 160, 90
_BLACK, _WHITE = 16, 235
# A pixel is dark below a tenth of the range, and a picture of which 98 % are dark is black: the defaults of FFmpeg's
# blackdetect. The rest is a logo or a clock.
_DARK = _BLACK + 0.10 * (_WHITE - _BLACK)
_SHARE = 0.98
# A dark scene is as dark, and has shapes in it: in black, brightness hardly differs from place to place.
_FLAT = 6.0
# Two pictures differ where one block of 10 x 10 pixels does by this on average: lips that move are enough. Encoding the
# same picture again changes single pixels and hardly the mean of a block.
_BLOCK = 10
_CHANGE = 1.5

Grey = NDArray[np.uint8]


class Shade(NamedTuple):
    """How bright a picture is."""

    black: bool
    luminance: float  # mean, 0 to 1


def shade(picture: Grey) -> Shade:
    """Return how bright a picture (HEIGHT, WIDTH) is."""
    low, high = np.percentile(picture, (100 * (1 - _SHARE), 100 * _SHARE))
    black = high < _DARK and high - low < _FLAT
    mean = (float(picture.mean()) - _BLACK) / (_WHITE - _BLACK)
    return Shade(bool(black), min(1.0, max(0.0, mean)))


def difference(one: Grey, other: Grey) -> float:
    """Return the largest difference of the means of a block, in steps of 8 bits."""
    signed = one.astype(np.int16) - other
    blocks = signed.reshape(HEIGHT // _BLOCK, _BLOCK, WIDTH // _BLOCK, _BLOCK).mean(axis=(1, 3))
    return float(np.abs(blocks).max())


def changed(one: Grey, other: Grey) -> bool:
    """Return whether a picture shows something else than the one before."""
    return difference(one, other) > _CHANGE
