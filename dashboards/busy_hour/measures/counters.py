"""Samples of a counter as rates: what a fall means.

A counter falls because its program started again (it counts from zero), because its 32 or 64 bits were full, or
because another replica answered that is a little behind. Each is told, with its effect.
"""

import math
from collections.abc import Sequence

import numpy as np

from dashboards.busy_hour.measures.series import MINUTE, Floats

Remark = tuple[float, str]
"""An instant in Unix seconds, and what happened then."""

PLAUSIBLE = 10.0
"""An increase this many times faster than the fastest of the others is none (project rule)."""
BESIDE = 2  # intervals before a fall and after it, whose increase may be the work of a wrong reading
SMALL = 0.01
"""A fall by less than this share of the value is a step back, not a start from zero (project rule)."""
_WIDTHS = (32, 64)


def counter_rates(times: Floats, values: Floats, max_gap: float) -> tuple[Floats, Floats, list[Remark]]:
    """Return (times, rates per second, remarks) for whole minutes from samples of a counter in order of time.

    A minute touched by a gap longer than `max_gap` seconds is missing; the increase across such a gap is real but
    nobody knows when it happened.
    """
    times, values, doubled = _of_each_instant(times, values)
    if len(times) < 2:
        return np.empty(0), np.empty(0), doubled
    steps, remarks = _increases(times, values, max_gap)
    remarks = doubled + remarks
    unknown = np.isnan(steps) | (np.diff(times) > max_gap)
    total = np.concatenate(([0.0], np.cumsum(np.nan_to_num(steps))))
    edges = np.arange(math.ceil(times[0] / MINUTE), math.floor(times[-1] / MINUTE) + 1) * float(MINUTE)
    if len(edges) < 2:
        return np.empty(0), np.empty(0), remarks
    rates = np.diff(np.interp(edges, times, total)) / MINUTE
    for left, right in zip(times[:-1][unknown], times[1:][unknown], strict=True):
        rates[(edges[:-1] < right) & (edges[1:] > left)] = np.nan
    present = ~np.isnan(rates)
    return edges[:-1][present], rates[present], remarks


def _of_each_instant(times: Floats, values: Floats) -> tuple[Floats, Floats, list[Remark]]:
    """Return one value for each instant: of replicas that wrote into one series the one that is ahead counts."""
    again = np.diff(times) == 0
    if not again.any():
        return times, values, []
    first = np.flatnonzero(np.concatenate(([True], ~again)))
    remark = "several values at one instant; here and wherever that is so the greatest counts"
    return times[first], np.maximum.reduceat(values, first), [(float(times[1:][again][0]), remark)]


def _increases(times: Floats, values: Floats, max_gap: float) -> tuple[Floats, list[Remark]]:
    """Return the increase of each interval, NaN where none can be told."""
    steps = np.diff(values)
    falls = np.flatnonzero(steps < 0).tolist()
    if not falls:
        return steps, []
    seconds = np.diff(times)
    limit = PLAUSIBLE * _fastest(steps, seconds)
    remarks: list[Remark] = []
    done = -1
    for fall in falls:
        if fall < done:
            continue  # inside a step back that was told
        before, after = float(values[fall]), float(values[fall + 1])
        if _stands_out(times, values, fall, limit):
            long = times[fall + 1] - times[fall - 1]
            gained = float(values[fall + 1] - values[fall - 1])
            steps[fall - 1 : fall + 1] = gained * seconds[fall - 1 : fall + 1] / long if long <= max_gap else np.nan
            remarks.append((times[fall], f"a single reading of {before:.15g} cannot be the counter's; left out"))
            continue
        back = _recovered(values, fall)
        if back is not None and not (before - after <= SMALL * before or _climbs(times, values, fall, back, limit)):
            back = None
        if back is not None:
            # Another reading lay in between: the increase over it is spread evenly, and unknown over a long one.
            long = times[back] - times[fall]
            gained = float(values[back] - values[fall])
            steps[fall:back] = gained * seconds[fall:back] / long if long <= max_gap else np.nan
            done = back
            remarks.append(
                (times[fall + 1], f"the counter steps back by {before - after:g}; counted on from {before:.15g}")
            )
            continue
        steps[fall], text = _restarted(before, after, limit * float(seconds[fall]))
        remarks.append((times[fall + 1], text))
    return steps, remarks


def _fastest(steps: Floats, seconds: Floats) -> float:
    """Return the fastest increase a second of those that lie by no fall, and so are not the way back from one."""
    rising = steps >= 0
    alone = rising.copy()
    for fall in np.flatnonzero(~rising).tolist():
        alone[max(fall - BESIDE, 0) : fall + BESIDE + 1] = False
    chosen = alone if alone.any() else rising
    fastest = float(np.max(steps[chosen] / seconds[chosen])) if chosen.any() else math.inf
    return fastest if fastest > 0 else math.inf


def _stands_out(times: Floats, values: Floats, fall: int, limit: float) -> bool:
    """Return whether a reading before a fall was reached too fast, and the next goes on from the one before it."""
    if fall == 0 or not values[fall - 1] <= values[fall + 1]:
        return False
    up = (values[fall] - values[fall - 1]) / (times[fall] - times[fall - 1])
    on = (values[fall + 1] - values[fall - 1]) / (times[fall + 1] - times[fall - 1])
    return bool(up > limit >= on)


def _climbs(times: Floats, values: Floats, fall: int, back: int, limit: float) -> bool:
    """Return whether a counter comes back from a fall faster than it can count, so that what lay between is not its."""
    if back == fall + 1:
        return False
    up = (values[back] - values[fall + 1]) / (times[back] - times[fall + 1])
    on = (values[back] - values[fall]) / (times[back] - times[fall])
    return bool(up > limit >= on)


def _recovered(values: Floats, fall: int) -> int | None:
    """Return where the counter has reached again what it had before a fall."""
    later = np.flatnonzero(values[fall + 1 :] >= values[fall])
    return fall + 1 + int(later[0]) if len(later) else None


def _restarted(before: float, after: float, limit: float) -> tuple[float, str]:
    for width in _WIDTHS:
        full = 2.0**width
        if full / 2 <= before < full and (gained := full - before + after) <= limit and gained < full / 2:
            return gained, f"the counter of {width} bits was full; increase {gained:.15g}"
    if after <= limit and after < before * (1 - SMALL):
        return after, f"the counter began again at zero (from {before:.15g}); at least {after:.15g} since then"
    return math.nan, f"the counter fell from {before:.15g} to {after:.15g}; that interval is left out"


def shown(remarks: Sequence[Remark], most: int = 5) -> list[str]:
    """Return the texts of the first remarks, and how many more there are."""
    texts = [text for _, text in remarks[:most]]
    return [*texts, f"and {len(remarks) - most} more"] if len(remarks) > most else texts
