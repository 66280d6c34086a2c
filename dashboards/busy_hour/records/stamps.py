"""Time stamps as files write them: which form a column has.

A column is judged as a whole: 01/02/2026 is the first of February or the second of January, and only another row, or
the planner, can tell.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone

EPOCHS = {"epoch": 1.0, "epoch-ms": 1e3, "epoch-us": 1e6, "epoch-ns": 1e9}
_UNIX = re.compile(r"\d{9,10}(?:\.\d*)?|\d{13}|\d{16}|\d{19}")
_OFFSET = r"(?:Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)"
# Ruby and Grafana put a blank before the offset, and Go the zone's name behind it.
_ZONED = re.compile(rf"(\d{{4}}-\d\d-\d\d[T ]\d\d[\d:.]*) ?({_OFFSET})(?: (?:[A-Z]{{3,5}}|[+-]\d\d(?:\d\d)?))?")
_ISO = re.compile(rf"\d{{4}}-\d\d-\d\d(?:[T ]\d\d[\d:.]*)?|{_ZONED.pattern}|\d{{8}}T\d{{4,6}}Z?")
_LOCAL = re.compile(
    r"(?P<a>\d{1,2})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<year>\d{4}|\d\d)"
    r"(?:[ T,]+(?P<clock>\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?) ?(?P<half>[AaPp][Mm])?)?"
)
_YEAR_FIRST = re.compile(r"\d{4}[/.]\d{1,2}[/.]\d{1,2}(?:[ T]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?)?")
# Year to hour, minute or second without marks; ten digits of the kind as Unix time lie in the years 2033 to 2036.
_COMPACT = re.compile(
    r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])(?:[0-5]\d(?:[0-5]\d)?)?", re.ASCII
)
_COMPACT_FORMS = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_TWENTY_FOUR = re.compile(r"(?<=[ T,])24:00(?=$|:00)")
_UTC = ("UTC", "GMT", "Z")
_ZONE_IN_NAME = re.compile(
    r"(?<![A-Za-z])(?:UTC|GMT)(?:\s?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?)?(?![A-Za-z\d:])",
    re.IGNORECASE,
)
_LETTERS = re.compile(
    r"(?<!\w)(?:MSK|MSD|МСК|ALMT|QYZT|ORAT|AQTT|YEKT|OMST|SAMT|UZT|KGT|EES?T|CES?T|WES?T|BST|IST|JST|[ECMP][SD]T)(?!\w)"
)
_FIXED_OFFSET = re.compile(r"[+-]\d\d(?::?\d\d)?$")
_ORDERS = {"day-first", "month-first"}


class StampError(ValueError):
    """The stamps cannot be read in one way; the message has the choices."""


Read = Callable[[str], datetime]


def looks_like_stamp(text: str) -> bool:
    """Return whether a cell has the form of a time stamp."""
    return any(form.fullmatch(text) for form in (_ISO, _UNIX, _LOCAL, _YEAR_FIRST, _COMPACT))


def letters_in(name: str) -> str:
    """Return the letters of a zone in the name of a column, "" for none: they stand for no offset that is sure."""
    found = _LETTERS.search(name)
    return found[0] if found else ""


def recognizer(form: str | None) -> Callable[[str], bool]:
    """Return what tells a stamp: by the pattern that was said, or where none was, by its looks."""
    if form is None or "%" not in form or _FIXED_OFFSET.search(form):
        return looks_like_stamp
    read = reader(form)

    def fits(text: str) -> bool:
        try:
            read(text)
        except (ValueError, OverflowError, OSError):
            return False
        return True

    return fits


def detect(cells: Iterable[str]) -> str:
    """Return the name of the form that the cells have: "iso", "epoch", "epoch-ms", "day-first" …

    Raises:
        StampError: day and month may be exchanged and no cell tells which is which.
    """
    cells = list(cells)
    first = cells[0]
    if _COMPACT.fullmatch(first) and all(len(cell) == len(first) and _COMPACT.fullmatch(cell) for cell in cells):
        return _COMPACT_FORMS[len(first)]
    if _UNIX.fullmatch(first):
        digits = len(first.partition(".")[0])
        return {13: "epoch-ms", 16: "epoch-us", 19: "epoch-ns"}.get(digits, "epoch")
    if _YEAR_FIRST.fullmatch(first):
        return "year-first"
    local = [found for cell in cells if (found := _LOCAL.fullmatch(cell))]
    if _ISO.fullmatch(first) or not local:
        return "iso"
    _check_year(first, local)
    if local[0]["mark"] == ".":
        return "day-first"  # no language writes the month first with points
    day_first = any(int(found["a"]) > 12 for found in local)
    month_first = any(int(found["b"]) > 12 for found in local)
    if day_first and month_first:
        raise StampError("the stamps have the day first in some rows and the month first in others; write one form")
    if day_first or month_first:
        return "day-first" if day_first else "month-first"
    raise StampError(
        f'"{first}" may have the day or the month first, and no row tells; '
        "say which: --time-format day-first or --time-format month-first"
    )


def _check_year(first: str, cells: Sequence[re.Match[str]]) -> None:
    """Refuse years of two digits that may stand first: 26/10/13 is a day of 2026 or of 2013.

    The rows of a file lie near each other: a year that stands last is taken where the other reading puts them further
    apart, and with points also where there is one day only.
    """
    years = [_days(cells, (1, 2, 3)), _days(cells, (3, 2, 1)), _days(cells, (3, 1, 2))]
    yearfirst, others = years[0], [found for found in years[1:] if found is not None]
    if yearfirst is None or not others:
        return
    other = min(others)
    if yearfirst > other or (yearfirst == other and cells[0]["mark"] == "."):
        return
    mark, half = cells[0]["mark"], cells[0]["half"]
    clock = (
        "" if not cells[0]["clock"] else f" {'%I' if half else '%H'}:%M" + ":%S" * (cells[0]["clock"].count(":") > 1)
    )
    raise StampError(
        f'"{first}" may begin with the year or end with it; say which: --time-format '
        f'"%y{mark}%m{mark}%d{clock}{" %p" if half else ""}" or --time-format day-first'
    )


def _days(cells: Sequence[re.Match[str]], order: tuple[int, int, int]) -> int | None:
    """Return over how many days the cells spread whose year, month and day stand in this order; None where none do."""
    places = ("a", "b", "year")
    try:
        found = {
            date(2000 + int(year), int(month), int(day))
            for year, month, day in {tuple(cell[places[at - 1]] for at in order) for cell in cells}
        }
    except ValueError:
        return None
    return (max(found) - min(found)).days


def zone_in(name: str) -> timezone | None:
    """Return the offset that the name of a column states for its stamps: "Time (UTC)", "time_utc", "Date GMT+5"."""
    found = _ZONE_IN_NAME.search(name)
    if found is None:
        return None
    ahead = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    return timezone(-ahead if found["sign"] == "-" else ahead) if ahead < timedelta(hours=15) else None


def reader(form: str) -> Read:
    """Return what reads stamps of a form, which may also be one of `strptime`, such as "%d %b %Y %H:%M".

    The result has no zone where the stamp has none. It raises ValueError for a stamp of another form.
    """
    if form in EPOCHS:
        per_second = EPOCHS[form]
        return lambda text: _checked(datetime.fromtimestamp(_digits(text) / per_second, UTC))
    if form == "iso":
        return lambda text: _checked(_end_of_day(text, _iso))
    if form == "year-first":
        return lambda text: _checked(_end_of_day(text, _year_first))
    if form in _ORDERS:
        return lambda text: _checked(_end_of_day(text, lambda own: _local(own, day_first=form == "day-first")))
    if "%" not in form:
        raise StampError(
            f'--time-format "{form}": write iso, {", ".join(EPOCHS)}, day-first, month-first, year-first '
            'or a pattern such as "%d %b %Y %H:%M"'
        )
    if _FIXED_OFFSET.search(form):
        raise StampError(f'--time-format "{form}": names an offset, which would be passed over; write %z in its place')
    return lambda text: _checked(_by_pattern(text, form))


def _end_of_day(text: str, read: Read) -> datetime:
    """Return the moment of a stamp, of which 24:00 is the end of its day (ISO 8601)."""
    at_midnight = _TWENTY_FOUR.sub("00:00", text)
    return read(text) if at_midnight == text else read(at_midnight) + timedelta(days=1)


def _iso(text: str) -> datetime:
    found = _ZONED.fullmatch(text)
    if not found:
        return datetime.fromisoformat(text)
    return datetime.fromisoformat(found[1] + ("+00:00" if found[2] in _UTC else found[2]))


def _by_pattern(text: str, form: str) -> datetime:
    """Return the moment of a stamp by a pattern of `strptime`, which reads the name of a zone and passes over it."""
    if "%Z" in form:
        name = next((each for each in _UTC if each in text), None)
        if name is None:
            raise ValueError(f"{text!r} names a zone other than UTC or GMT")
        form = form.replace("%Z", name)
    elif not form.endswith(_UTC):
        return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is added by the caller
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def _digits(text: str) -> float:
    if not re.fullmatch(r"\d+(?:\.\d*)?", text):
        raise ValueError(f"{text!r} is no number of seconds")
    return float(text)


def _year_first(text: str) -> datetime:
    if not _YEAR_FIRST.fullmatch(text):
        raise ValueError(f"{text!r} does not begin with the year")
    day, _, clock = text.replace("T", " ").partition(" ")
    year, month, number = (int(part) for part in re.split(r"[/.]", day))
    return datetime(year, month, number, *_clock(clock))  # noqa: DTZ001 - a zone is added by the caller


def _local(text: str, *, day_first: bool) -> datetime:
    found = _LOCAL.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no day, month and year")
    first, second, year = int(found["a"]), int(found["b"]), int(found["year"])
    day, month = (first, second) if day_first else (second, first)
    hour, minute, second_of, micro = _clock(found["clock"] or "")
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{text!r} has no hour of a 12-hour clock")
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    full = year if year > 99 else 2000 + year
    return datetime(full, month, day, hour, minute, second_of, micro)  # noqa: DTZ001 - a zone is added by the caller


def _clock(text: str) -> tuple[int, int, int, int]:
    if not text:
        return 0, 0, 0, 0
    hour, minute, *rest = text.split(":")
    seconds = float(rest[0]) if rest else 0.0
    return int(hour), int(minute), int(seconds), round((seconds - int(seconds)) * 1e6) % 1_000_000


def _checked(moment: datetime) -> datetime:
    if not 1970 < moment.year < 9999:
        raise ValueError("no local day can be made of the first and the last year of a calendar")
    return moment
