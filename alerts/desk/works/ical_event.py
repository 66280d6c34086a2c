"""An event of a calendar as works: what it says itself, and what it leaves to the works that it belongs to."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from alerts.desk.works import ical_lines
from alerts.desk.works.ical_times import INSTANCE, Given
from alerts.desk.works.works import Scope, Works, WorksError

ELEMENTS, SITES, CHANNELS = "X-OTTWATCH-ELEMENTS", "X-OTTWATCH-SITES", "X-OTTWATCH-CHANNELS"
APPROVER, BACK_OUT, CONFIRM_END = "X-OTTWATCH-APPROVER", "X-OTTWATCH-BACK-OUT", "X-OTTWATCH-CONFIRM-END"
REFUSED = {
    "EXRULE": "withdrawn by RFC 5545; use EXDATE",
    "X-MICROSOFT-RRULE": "a rule by another calendar than the Gregorian one; give an RRULE, or the dates as RDATE",
}
TWICE_SAID = ("EXDATE", "RDATE")


class Read(NamedTuple):
    """The works of an event, and those of its windows that last longer or shorter than the first."""

    works: Works
    windows: Iterable[tuple[datetime, datetime]] = ()


def name(given: Given) -> str:
    """Return what an event is called where something is wrong with it."""
    title = str(given.event.get("SUMMARY", "")).strip()
    return f'event "{title or given.event.get("UID", "?")}"'


def check(given: Given) -> None:
    """Raise WorksError for lines that cannot be read and for what is not taken."""
    ical_lines.check(given.lines)
    for refused, remedy in REFUSED.items():
        if refused in given.event:
            raise WorksError(f"{refused}: is not taken: {remedy}")
    if not given.uid:
        raise WorksError("UID: is missing; without it a second import would double the works")


def series(given: Given, known: Works | None, now: datetime) -> Read:
    """Return the works of an event that is no changed window.

    Of works that are known a message that cancels them needs to say no more than their UID.
    """
    cancelled_at = now if cancels(given) else None
    base = known if cancelled_at else None
    if base and "DTSTART" not in given.event:
        return Read(replace(base, cancelled_at=base.cancelled_at or now))
    starts, zone = given.moment("DTSTART")
    ends = given.end(starts, zone)
    added = sorted(set(given.added(starts, ends, zone)))
    works = replace(
        _works(given, base, starts, ends, zone),
        recurrence=given.lines.first("RRULE"),
        skipped=tuple(sorted(set(given.skipped(starts, zone)))),
        added=tuple(sorted({begin for begin, _ in added} - {starts})),
        uid=given.uid,
        cancelled_at=cancelled_at,
    )
    others = [window for window in added if window[1] - window[0] != ends - starts]
    firsts = [begin for begin, _ in others]
    if len({begin for begin, _ in added}) < len(added) or starts in firsts:
        raise WorksError("RDATE: gives a window twice, with different ends; delete one of them")
    return Read(works, others)


def window(given: Given, key: datetime, base: Works | None, now: datetime) -> Works:
    """Return a changed window, named by when it was to begin; what it does not say is as in `base`, its series."""
    _check_window(given, base)
    taken_back = cancels(given) or (base is not None and base.cancelled_at and "STATUS" not in given.event)
    if taken_back and base and "DTSTART" not in given.event:
        zone = base.time_zone
        starts = key.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        ends = starts + (base.ends - base.starts)
    else:
        starts, zone = given.moment("DTSTART")
        ends = given.end(starts, zone)
    works = replace(_works(given, base, starts, ends, zone), cancelled_at=now if taken_back else None)
    return window_of(works, given.uid, key)


def _works(given: Given, base: Works | None, starts: datetime, ends: datetime, zone: str) -> Works:
    """Return what any event says of works that take place once; the rest is as in `base`."""
    return Works(
        title=_text(given, "SUMMARY", base.title if base else "").strip(),
        scope=_scope(given, base),
        starts=starts,
        ends=ends,
        time_zone=zone,
        approver=_approver(given, base),
        impact=_text(given, "DESCRIPTION", base.impact if base else ""),
        back_out=_own_text(given, BACK_OUT, base.back_out if base else ""),
        confirm_end=_flag(given, CONFIRM_END, default=bool(base and base.confirm_end)),
    )


def window_of(works: Works, series_uid: str, key: datetime) -> Works:
    """Return works as a window of a series, named by when it was to begin in UTC."""
    return replace(works, uid=f"{series_uid}#{key:%Y%m%dT%H%M%SZ}", series=series_uid, instance=key)


def instance(given: Given, of_series: Works | None) -> datetime:
    """Return which window of a series was changed: when it was to begin, in UTC."""
    wall, zone = given.moment(INSTANCE, of_series.time_zone if of_series else "")
    if of_series and given.names_day(INSTANCE):
        wall, zone = datetime.combine(wall, of_series.starts.time()), of_series.time_zone
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _check_window(given: Given, base: Works | None) -> None:
    if "RANGE" in given.event[INSTANCE].params:
        raise WorksError(
            "RECURRENCE-ID: changes the windows that follow too (RANGE), which is not taken; end the series before "
            "them with UNTIL, and give them as works of their own"
        )
    for refused in TWICE_SAID:
        if refused in given.event:
            raise WorksError(f"{refused}: a changed window takes place once; give the dates in the series")
    rule = given.lines.first("RRULE").upper()
    if rule and (base is None or rule != base.recurrence.upper()):  # programs copy that of the series
        raise WorksError("RRULE: a changed window takes place once; delete the rule, or give works of their own")


def cancels(given: Given) -> bool:
    """Return whether an event, or the calendar around it, takes back what it is about."""
    return given.source.cancels or given.lines.first("STATUS").upper() == "CANCELLED"


def _text(given: Given, what: str, default: str) -> str:
    return str(given.event.get(what, default))


def _own_text(given: Given, what: str, default: str) -> str:
    return given.lines.text(what) if what in given.event else default


def _approver(given: Given, base: Works | None) -> str:
    if given.lines.first("STATUS").upper() == "TENTATIVE":
        return ""
    return _own_text(given, APPROVER, base.approver if base else "").strip()


def _scope(given: Given, base: Works | None) -> Scope:
    scope = Scope(_names(given, ELEMENTS), _names(given, SITES), _names(given, CHANNELS))
    if not scope and base:
        return base.scope
    if not scope:
        raise WorksError(f"no scope; add {SITES}, {ELEMENTS} or {CHANNELS}, names separated by commas")
    return scope


def _names(given: Given, what: str) -> tuple[str, ...]:
    found = str(given.event.get(what, "")).replace("\\,", ",")
    return tuple(part.strip() for part in found.split(",") if part.strip())


def _flag(given: Given, what: str, *, default: bool) -> bool:
    text = str(given.event.get(what, str(default))).strip().upper()
    if text not in ("TRUE", "FALSE"):
        raise WorksError(f'{what}: is "{text[:100]}"; give TRUE or FALSE')
    return text == "TRUE"
