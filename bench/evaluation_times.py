"""How long each evaluation of vmalert's groups takes.

vmalert tells quantiles of the last minutes, none of them the 95th, and for each group a sum and a count. Read more
often than a group is evaluated, the two tell how long each evaluation took.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Mapping

import httpx

TOOK = "vmalert_iteration_duration_seconds"
EACH = 0.5  # seconds between two readings: half the shortest interval of a group

Reading = Mapping[str, tuple[float, int]]  # by group: seconds in all, evaluations in all


def reading(text: str) -> Reading:
    """Return what a page of vmalert's metrics tells."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: {"sum": 0.0, "count": 0.0})
    for line in text.splitlines():
        name, _, rest = line.partition("{")
        kind = name.removeprefix(f"{TOOK}_")
        if kind in ("sum", "count") and kind != name:
            # A group's name is known by its file, too; the project gives no name twice.
            found[rest.partition('group="')[2].partition('"')[0]][kind] += float(rest.rsplit(" ", 1)[1])
    return {group: (each["sum"], round(each["count"])) for group, each in found.items()}


def between(earlier: Reading, later: Reading) -> dict[str, list[float]]:
    """Return by group the seconds of each evaluation that ended between two readings; their mean where several did."""
    found = {}
    for group, (seconds, count) in later.items():
        before, counted = earlier.get(group, (0.0, 0))
        if count > counted:
            found[group] = [(seconds - before) / (count - counted)] * (count - counted)
    return found


def watched(url: str, seconds: float) -> dict[str, list[float]]:
    """Return by group the seconds of each evaluation that ended within so many seconds from now."""
    found: dict[str, list[float]] = defaultdict(list)
    with httpx.Client(timeout=120, trust_env=False) as client:
        last, end = reading(client.get(f"{url}/metrics").text), time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(EACH)
            now = reading(client.get(f"{url}/metrics").text)
            for group, times in between(last, now).items():
                found[group] += times
            last = now
    return dict(found)


def p95(times: list[float]) -> float:
    """Return the seconds that 95 of a hundred evaluations stay below; the longest of fewer than twenty."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) >= 20 else max(times)
