"""The lines of a calendar as they were written.

The library leaves out what it cannot read, and puts in order what is out of order. Of works that would be a window too
many or one too few, so the lines that count are looked at themselves.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from icalendar.parser import Contentlines

from alerts.desk.works.works import WorksError

ONCE = ("UID", "SUMMARY", "STATUS", "DESCRIPTION", "DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID", "SEQUENCE")
OWN = "X-OTTWATCH-"
READ = frozenset({*ONCE, "EXDATE", "RDATE"})
_FOLD = re.compile(rb"\r?\n[ \t]")
_ESCAPED = re.compile(r"\\([nN,;\\])")
_NAME = re.compile(r"[A-Za-z-]+")


class Lines(NamedTuple):
    """The lines of one event: values by name, and names of lines that cannot be read."""

    values: Mapping[str, Sequence[str]]
    broken: Sequence[str]

    def first(self, name: str) -> str:
        """Return the first value under a name; empty where there is none."""
        return next(iter(self.values.get(name, ())), "").strip()

    def text(self, name: str) -> str:
        """Return the first value under a name as text, without the marks that escape line ends and signs."""
        value = next(iter(self.values.get(name, ())), "")
        return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def decoded(content: bytes) -> str:
    """Return the text of a file, with its folded lines joined; raise WorksError where it is not UTF-8.

    Programs that count bytes fold lines within a letter, which is whole again only before it is decoded.
    """
    try:
        return _FOLD.sub(b"", content).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WorksError("this is no iCalendar: its text is not UTF-8; save it in UTF-8") from None


def of_events(text: str) -> Iterator[Lines]:
    """Yield the lines of each event, in the order of the calendar."""
    within: list[str] = []
    found: list[Lines] = []
    values: dict[str, list[str]] = {}
    broken: list[str] = []
    for line in Contentlines.from_ical(text):  # type: ignore[no-untyped-call]
        try:
            name, _, value = line.parts() if line else ("", None, "")
        except ValueError:
            if within[-1:] == ["VEVENT"] and (match := _NAME.match(line)):
                broken.append(match[0].upper())
            continue
        name = name.upper()
        if name == "BEGIN":
            within.append(value.upper())
            if within[-1] == "VEVENT":
                values, broken = {}, []
                found.append(Lines(values, broken))
        elif name == "END":
            del within[-1:]
        elif within[-1:] == ["VEVENT"]:
            # The library takes half of the escapes away; ours have no parameter with a colon.
            own = name.startswith(OWN)
            values.setdefault(name, []).append(line.partition(":")[2] if own else value)
    yield from found


def check(lines: Lines) -> None:
    """Raise WorksError for lines that cannot be read, that are there twice, or that contradict each other."""
    for name in lines.broken:
        if name in READ or name.startswith(OWN):
            raise WorksError(f"{name}: its line cannot be read; correct it, or delete it")
    for name in ONCE:
        if len(lines.values.get(name, ())) > 1:
            raise WorksError(f"{name}: is there twice; delete one of them")
    if "RRULE" in lines.values and not lines.first("RRULE"):
        raise WorksError("RRULE: is empty; give the rule, or delete the line where the works take place once")
    status = lines.first("STATUS").upper()
    if status not in ("", "TENTATIVE", "CONFIRMED", "CANCELLED"):
        raise WorksError(f'STATUS: is "{status[:40]}"; give TENTATIVE, CONFIRMED or CANCELLED')
