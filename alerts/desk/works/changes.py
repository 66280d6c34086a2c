"""What people do to works that are planned: extend a window, confirm that they are finished."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.desk.works.windows import last_window, next_window
from alerts.desk.works.works import Works, WorksError, checked


def extended(works: Works, until: datetime, now: datetime) -> list[Works]:
    """Return the works with their window extended to a wall-clock time; raise WorksError where that is impossible.

    Of recurring works only the window that runs is extended: it becomes works of its own, and the rule leaves it out.
    """
    if works.cancelled_at is not None:
        raise WorksError("ends: the works are cancelled; plan new ones")
    if until.replace(tzinfo=ZoneInfo(works.time_zone)) <= now:
        raise WorksError("ends: is over already; give a later time")
    if not works.repeats:
        if until <= works.ends:
            raise WorksError("ends: is not after the present end; give a later time")
        return [checked(replace(works, ends=until))]
    window = next_window(works, now)
    if window is None or not window.holds(now):
        raise WorksError("ends: no window runs; change the recurring works, or plan others")
    starts, ends = (moment.astimezone(ZoneInfo(works.time_zone)).replace(tzinfo=None) for moment in window)
    if until <= ends:
        raise WorksError("ends: is not after the present end; give a later time")
    once = replace(works, starts=starts, ends=until, recurrence="", skipped=(), added=(), number=0, uid="")
    return [checked(replace(works, skipped=(*works.skipped, starts))), checked(once)]


def finished(works: Works, now: datetime) -> Works:
    """Return the works with their end confirmed; a window that runs ends with it."""
    if not works.in_force:
        raise WorksError("finish: the works are not approved or are cancelled; nothing of them has taken place")
    window = next_window(works, now)
    if (window is None or not window.holds(now)) and last_window(works, now) is None:
        raise WorksError("finish: no window of the works has begun; cancel them instead")
    return replace(works, finished_at=now)
