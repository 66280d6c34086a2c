"""What windows works have: a rule has to come again, and what does not take place has to be one of them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.desk.works.windows import AHEAD, beginnings, comes_again, windows
from alerts.desk.works.works import Works, WorksError


def checked_windows(works: Works) -> Works:
    """Return the works; raise WorksError for a rule that never comes again, and for `skipped` where no window begins.

    Calendars keep what was skipped before a series began again, or after its end: there it changes nothing.
    """
    if works.recurrence and not comes_again(works):
        raise WorksError(
            "recurrence: never comes again after the first window; correct it, or leave it out where the works take "
            "place once"
        )
    if not works.skipped:
        return works
    if not works.repeats:
        if works.starts in works.skipped:
            raise WorksError("skipped: leaves out the only window (EXDATE in a calendar); cancel the works instead")
        return works
    begin = beginnings(works, min(works.skipped), max(works.skipped))
    for moment in works.skipped:
        if moment not in begin and _within(works, moment):
            raise WorksError(
                f"skipped: no window begins at {moment:%Y-%m-%d %H:%M} ({works.time_zone}), so none is left out "
                "(EXDATE in a calendar); give the very moment at which the window begins, or leave it out"
            )
    return works


def _within(works: Works, moment: datetime) -> bool:
    """Return whether windows begin before a moment and after it."""
    if moment < works.starts:
        return False
    begin = moment.replace(tzinfo=ZoneInfo(works.time_zone)).astimezone(UTC)
    return any(window.starts > begin for window in windows(works, begin, begin + AHEAD))
