"""The form of planned works: from its fields to works, and back."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Form

from alerts.desk.console.planned import REPEATS, repeated
from alerts.desk.web.written import Lines
from alerts.desk.works.window_checks import checked_windows
from alerts.desk.works.works import MOST_TEXT, Scope, Works, WorksError, checked

Text = Annotated[str, Form(max_length=MOST_TEXT), Lines]
Short = Annotated[str, Form(max_length=200)]
Many = Annotated[list[str] | None, Form()]


@dataclass(frozen=True, slots=True)
class Given:
    """The fields as they were sent, to be shown again where one of them is wrong."""

    title: str = ""
    elements: Sequence[str] = ()
    sites: Sequence[str] = ()
    channels: Sequence[str] = ()
    starts: str = ""
    ends: str = ""
    time_zone: str = ""
    repeat: str = ""
    until: str = ""
    rule: str = ""
    skipped: str = ""
    added: str = ""
    approver: str = ""
    impact: str = ""
    back_out: str = ""
    confirm_end: bool = False
    version: str = ""  # of the works that the form was made from


def given(
    title: Text = "",
    elements: Many = None,
    sites: Many = None,
    channels: Many = None,
    more_elements: Text = "",
    more_sites: Text = "",
    more_channels: Text = "",
    starts: Short = "",
    ends: Short = "",
    time_zone: Short = "",
    repeat: Short = "",
    until: Short = "",
    rule: Short = "",
    skipped: Text = "",
    added: Text = "",
    approver: Text = "",
    impact: Text = "",
    back_out: Text = "",
    confirm_end: Short = "",
    version: Short = "",
) -> Given:
    """Read the form."""
    return Given(
        title.strip(),
        _names(elements, more_elements),
        _names(sites, more_sites),
        _names(channels, more_channels),
        starts.strip(),
        ends.strip(),
        time_zone.strip(),
        repeat,
        until.strip(),
        rule.strip(),
        skipped.strip(),
        added.strip(),
        approver.strip(),
        impact.strip(),
        back_out.strip(),
        bool(confirm_end),
        version,
    )


def _names(chosen: Sequence[str] | None, more: str) -> Sequence[str]:
    """Return the names that were chosen and those that were written, each once."""
    written = re.split(r"[,\r\n]", more)  # a channel's name may have spaces
    return tuple(dict.fromkeys(name.strip() for name in (*(chosen or ()), *written) if name.strip()))


def works_of(fields: Given, known: Works | None) -> Works:
    """Return the works that the form describes; raise WorksError naming the field that is wrong."""
    works = checked(
        Works(
            title=fields.title,
            scope=Scope(tuple(fields.elements), tuple(fields.sites), tuple(fields.channels)),
            starts=moment("starts", fields.starts),
            ends=moment("ends", fields.ends),
            time_zone=fields.time_zone,
            recurrence=_recurrence(fields),
            skipped=_moments("skipped", fields.skipped),
            added=_moments("added", fields.added),
            approver=fields.approver,
            impact=fields.impact,
            back_out=fields.back_out,
            uid=known.uid if known else "",
            series=known.series if known else "",
            instance=known.instance if known else None,
            cancelled_at=known.cancelled_at if known else None,
            confirm_end=fields.confirm_end,
            finished_at=known.finished_at if known else None,
            number=known.number if known else 0,
        )
    )
    return checked_windows(works)


def moment(field: str, text: str) -> datetime:
    """Return a wall-clock time as browsers send it."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WorksError(f"{field}: is no time such as 2026-01-31T02:00") from None
    if found.tzinfo is not None:
        raise WorksError(f"{field}: give wall-clock time without an offset")
    return found


def _moments(field: str, lines: str) -> tuple[datetime, ...]:
    return tuple(sorted(moment(field, line) for line in lines.split("\n") if line.strip()))


def _recurrence(fields: Given) -> str:
    if fields.rule:
        return fields.rule
    if fields.repeat not in REPEATS:
        return ""
    rule = REPEATS[fields.repeat]
    if not fields.until:
        return rule
    try:
        last = datetime.combine(date.fromisoformat(fields.until), time(23, 59, 59), ZoneInfo(fields.time_zone))
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise WorksError("recurrence: the last day is no day such as 2026-01-31") from None
    return f"{rule};UNTIL={last.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def fields_of(works: Works) -> Given:
    """Return the form's fields of works."""
    repeat, until = repeated(works)
    return Given(
        title=works.title,
        elements=works.scope.elements,
        sites=works.scope.sites,
        channels=works.scope.channels,
        starts=_shown(works.starts),
        ends=_shown(works.ends),
        time_zone=works.time_zone,
        repeat=repeat,
        until=until.isoformat() if until else "",
        rule="" if repeat else works.recurrence,
        skipped=_lines(works.skipped),
        added=_lines(works.added),
        approver=works.approver,
        impact=works.impact,
        back_out=works.back_out,
        confirm_end=works.confirm_end,
        version=version(works),
    )


def _lines(moments: Sequence[datetime]) -> str:
    return "\n".join(map(_shown, moments))


def _shown(moment: datetime) -> str:
    return moment.isoformat() if moment.second else moment.isoformat(timespec="minutes")


def version(works: Works) -> str:
    """Return what tells works from the same works changed meanwhile."""
    return hashlib.sha256(repr(works).encode()).hexdigest()[:16]
