"""Units in the language of a dashboard.

Grafana's own units for durations and large numbers print English words ("2.5 hour", "40.61 Mil") in every language. The
units here have none, or take their words from the catalogue.
"""

from dashboards.words import Words

CLOCK = "dthms"  # hours:minutes:seconds; below zero it ends in an English word, so such values need a meaning
DAYS = "dtdhms"  # days, then the same
SECONDS = "seconds"  # never scaled: the ticks of an axis stay round numbers
PER_SECOND = "per second"

_OWN = {SECONDS: ("suffix:", "s"), PER_SECOND: ("count:", "/s")}

# Grafana's units that print English words, and what to use in their place.
ENGLISH = {
    **dict.fromkeys(("ns", "µs", "ms", "s", "m", "h", "d", "timeticks"), f"{CLOCK}, {DAYS} or seconds as a suffix"),
    **dict.fromkeys(("dtdurationms", "dtdurations", "clockms", "clocks"), f"{CLOCK} or {DAYS}"),
    **dict.fromkeys(("cps", "ops", "reqps", "rps", "wps", "iops", "pps", "mps"), "count:/s"),
    "dateTimeFromNow": "a date, such as time:DD.MM HH:mm",
    "short": "sishort or none",
}


def grafanas(unit: str, words: Words) -> str:
    """Return Grafana's id of a unit, with its words in the language of the dashboard."""
    if unit not in _OWN:
        return unit
    kind, text = _OWN[unit]
    return kind + words(text)
