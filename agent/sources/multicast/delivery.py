"""The delay factor of the media delivery index (RFC 4445, 3.1; TR 101 290, 11.2.5.2.1.2).

It says how much a receiver must buffer to play without a stop. Only for constant bit rates: with a variable one the
stream's own changes look like jitter.
"""

import numpy as np
from numpy.typing import NDArray


def delay_factor(arrived: NDArray[np.float64], size: NDArray[np.int64], rate: float) -> float | None:
    """Return the delay factor in seconds of one interval; None where it has fewer than two datagrams.

    `arrived` (n,) in seconds and in order, `size` (n,) in bytes of media, `rate` in bytes a second.
    """
    if len(arrived) < 2 or rate <= 0:
        return None
    drained = rate * (arrived - arrived[0])
    filled = np.cumsum(size)
    after = filled - drained
    before = after - size
    return float((max(after.max(), before.max()) - min(after.min(), before.min())) / rate)
