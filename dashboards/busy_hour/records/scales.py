"""Whether the figures of a file are in the unit of their quantity, where nobody said a factor."""

from pathlib import Path

import numpy as np

from dashboards.busy_hour.measures.quantities import SHARES, Kind
from dashboards.busy_hour.measures.series import Floats
from dashboards.busy_hour.records import numbers, units
from dashboards.busy_hour.records.table import CsvError


def problem(name: str, shown: str, quantity: str, kind: Kind) -> tuple[str, bool]:
    """Return what is odd about a column's unit, "" for nothing, and whether it contradicts the quantity's.

    `shown` is a value of the column as the program shows it to people, where the file has it.
    """
    wanted = units.of_quantity(quantity)
    column = units.stated(name)
    if column is None and wanted is not None and shown and (unit := numbers.unit_of(shown)) and units.stated(unit):
        return (
            f'column "{name[:40]}" is shown as {shown!r} and may be kept in another unit than {wanted.text}; '
            "say --scale 8 where it is bytes, --scale 1 where it is bits",
            True,
        )
    if column is None or (wanted is not None and column.factor == wanted.factor and column.base == wanted.base):
        return "", False
    states = f'column "{name[:40]}" states {column.text}'
    if wanted is None:
        return f"{states}, and its values are taken as they are; say another factor with --scale", False
    # What is counted in bytes, or as bytes of an interval, becomes a rate; of a gauge only the planner knows.
    rated = column.base == "bit" and wanted.base == "bit/s" and kind == "counter"
    factor = column.factor / wanted.factor if rated else units.scale_between(column, wanted)
    if factor == 1:
        return "", False
    remedy = f"say --scale {factor:g}" if factor else "say what one is in that unit with --scale"
    if factor and column.either:
        remedy += f", {8 * factor:g} where it is bytes"
    if factor and column.power:
        remedy += f", {factor * 1.024**column.power:.12g} where a kilobyte has 1024 bytes"
    return f"{states}, and {quantity} is in {wanted.text}; {remedy}, or --scale 1 if it is so already", True


def check_shares(path: Path, quantity: str, values: Floats) -> None:
    """Refuse shares above one, such as those in per cent."""
    if quantity in SHARES and len(values) and float(np.max(values)) > 1.001:
        raise CsvError(
            f"{path}: {quantity} is a share from 0 to 1, and a value is {float(np.max(values)):g}; "
            "say --scale 0.01 for per cent"
        )
