"""Round values for the axis of a chart."""

import math

_FACTORS = (1, 2, 2.5, 5, 10)


def ticks(highest: float, most: int, *, whole: bool = False) -> list[float]:
    """Return values from 0 to at least `highest`, evenly apart by 1, 2, 2.5 or 5 times a power of ten.

    There are at most `most` of them beside 0. `whole` asks for whole numbers, for what is counted. Without a highest
    value above 0 the axis goes to 1.
    """
    if not highest > 0:
        return [0.0, 1.0]
    rough = highest / most
    size = 10.0 ** math.floor(math.log10(rough))
    steps = (size * factor for factor in _FACTORS if not whole or (size * factor).is_integer())
    step = next((each for each in steps if each >= rough * (1 - 1e-9)), 1.0)
    return [step * number for number in range(max(math.ceil(highest / step * (1 - 2e-9)), 1) + 1)]
