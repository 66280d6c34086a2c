"""Running totals that a program rounded: 1,23457E+14 has six digits, and counts in steps of a thousand million.

Excel writes numbers of twelve digits and more so into CSV. A step is then no traffic: most intervals have none, and the
next has that of many.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dashboards.busy_hour.measures.series import HOUR, Floats
from dashboards.busy_hour.records.table import CsvError

_POWER = re.compile(r"[+-]?\d+(?:[.,](\d*))?[eE]([+-]?\d{1,2})")
FINE = 0.01
"""A total that counts in steps of more than this share of an hour's increase measures no hour (project rule)."""


def check(path: Path, cells: Iterable[str], times: Floats, values: Floats) -> None:
    """Refuse a counter whose numbers have too few digits for its increase."""
    by_power: dict[str, list[tuple[int, str]]] = {}
    for cell in cells:
        if found := _POWER.fullmatch(cell):
            by_power.setdefault(found[2], []).append((len(found[1] or ""), cell))
    if not by_power or len(times) < 2:
        return
    power, usual = max(by_power.items(), key=lambda item: len(item[1]))
    digits, cell = max(usual)  # zeros at the end are left out, so the longest number tells
    step = 10.0 ** (int(power) - digits)
    rising = np.diff(values)
    an_hour = float(rising[rising > 0].sum()) / float(times[-1] - times[0]) * HOUR
    if step > FINE * an_hour:
        raise CsvError(
            f"{path}: a counter written as {cell} is rounded to {step:g}, and increases by {an_hour:.3g} an hour; "
            "export it with all its digits (in Excel as a number without decimals)"
        )
