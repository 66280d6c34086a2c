"""Which charts a report has, and what each shows."""

import math
from collections.abc import Sequence
from datetime import date

from dashboards.busy_hour.measures.capacity import THRESHOLDS
from dashboards.busy_hour.measures.measures import Measures
from dashboards.busy_hour.measures.series import HOUR, clock_text
from dashboards.busy_hour.report.charts import BLUE, GREEN, INK, LIGHT, MUTED, ORANGE, RED, Plot, heat_map
from dashboards.busy_hour.report.report import DayLine, Report
from dashboards.busy_hour.report.words import Words
from service.ticks import ticks

_COLOURS = (GREEN, ORANGE, RED)
_VALUES = 5  # on an axis, beside 0


def daily(report: Report, words: Words) -> str:
    """Return the busy hour of each day; what is not counted is hollow, what is exceptional orange."""
    days = report.days
    first, last = days[0].day, days[-1].day
    span = (last - first).days + 1
    top = max((line.quarter.value for line in days if line.quarter), default=1.0)
    busy = report.measures.tcbh
    values = ticks(top * 1.04, _VALUES)
    plot = Plot(span, values[-1], words("page.daily"))
    plot.axis([(value, words.short(value, report.quantity)) for value in values])
    for line in days:
        if line.quarter:
            plot.bar(
                (line.day - first).days + 0.12,
                0.76,
                line.quarter.value,
                _style(line, report),
                _hint(line, report, words),
            )
    plot.below_axis([((day - first).days + 0.5, f"{day:%d.%m}") for day in _days(first, last)])
    if busy:
        name = f"TCBH {clock_text(busy.clock)} · {words.figure(busy.value, report.quantity)}"
        plot.level(busy.value, name, INK)
    return plot.svg()


def average_day(report: Report, words: Words) -> str:
    """Return the mean working day and the mean weekend day, with the busy hour of all days shaded."""
    lines = [
        (report.working_days, BLUE, words("page.working_days")),
        (report.weekend, ORANGE, words("page.weekend")),
    ]
    top = max((value for found, _, _ in lines for value in _known(found)), default=1.0)
    values = ticks(top * 1.06, 4)
    plot = Plot(24, values[-1], words("page.average_day"), height=220)
    plot.axis([(value, words.short(value, report.quantity)) for value in values])
    busy = report.measures.tcbh
    begins = report.rules.calendar.begins.hour
    if busy:
        start = (busy.clock / HOUR - begins) % 24
        plot.bar(start, 1.0, plot.top, ("#f0e2cf", "none"), f"TCBH {clock_text(busy.clock)}")
        plot.text(plot.x(start) + 3, plot.above + 10, "TCBH", "start", ORANGE)
    place = plot.left + 10
    for found, colour, name in lines:
        if found.average is None:
            continue
        step = found.average.step / HOUR
        plot.line([((at + 0.5) * step, value) for at, value in enumerate(found.average.slots.tolist())], colour)
        plot.text(place, plot.above + 10, f"— {name}", "start", colour)
        place += 150
    plot.below_axis([(hour, f"{(hour + begins) % 24:02d}:00") for hour in range(0, 24, 3)])
    return plot.svg()


def week(report: Report, words: Words) -> str:
    """Return weekdays against clock hours."""
    rows = [(words.weekday(weekday), values) for weekday, values in sorted(report.pattern.items())]
    hints = [
        [f"{name} {hour:02d}:00 {words.figure(value, report.quantity)}" for hour, value in enumerate(values)]
        for name, values in rows
    ]
    return heat_map(rows, [f"{hour:02d}" for hour in range(24)], words("page.week"), hints)


def trend(report: Report, words: Words) -> str | None:
    """Return history, forecast with range and the thresholds; None without a forecast."""
    made = report.forecast
    if made is None:
        return None
    first = made.history[0][0]
    end = made.points[-1].day if made.points else made.history[-1][0]
    span = max((end - first).days + 15, 1)
    levels = [] if report.surviving is None else [(share, share * report.surviving.surviving) for share in THRESHOLDS]
    highest = max([value for _, value in made.history] + [point.value for point in made.points])
    # A threshold just above is worth the room; one ten times higher would flatten everything.
    near = [level for _, level in levels if level < 2.2 * highest]
    values = ticks(max([highest * 1.1, *(level * 1.08 for level in near)]), _VALUES)
    plot = Plot(span, values[-1], words("page.trend"), height=280)
    plot.axis([(value, words.short(value, report.quantity)) for value in values])
    last_day, last_value = made.history[-1]
    band = [((last_day - first).days, last_value, last_value)]
    band += [((point.day - first).days, max(point.low, 0.0), point.high) for point in made.points]
    plot.band(band, LIGHT)
    for (share, level), colour in zip(levels, _COLOURS, strict=False):
        plot.level(level, f"{words.percent(share, 0)} · {words.figure(level, report.quantity)}", colour)
    plot.line(
        [((last_day - first).days, last_value)] + [((p.day - first).days, p.value) for p in made.points], BLUE, "5 4"
    )
    plot.dots(
        [((day - first).days, value, f"{day} {words.figure(value, report.quantity)}") for day, value in made.history],
        INK,
        3.0 if len(made.history) < 40 else 1.7,
    )
    plot.below_axis([((day - first).days, f"{day:%m.%Y}") for day in _months(first, end)])
    return plot.svg()


def capacity(report: Report, words: Words) -> str | None:
    """Return the busy hour on the scale of the surviving capacity; None without a capacity."""
    left = report.surviving
    value = report.measures.named.get("adpqh")
    if left is None or value is None:
        return None
    plot = Plot(1.0, 1.0, words("page.capacity"), height=92, left=16, above=22, below=34)
    share = value.value / left.surviving
    bounds = [0.0, *THRESHOLDS, 1.0]
    shades = ("#e4f1e8", "#fbeeda", "#f6d9c0", "#f1c1bd")
    for low, high, shade in zip(bounds[:-1], bounds[1:], shades, strict=True):
        plot.bar(low, high - low, 1.0, (shade, "none"), f"{words.percent(low, 0)} – {words.percent(high, 0)}")
    reached = sum(share >= threshold for threshold in THRESHOLDS)
    plot.parts.append(
        f'<rect x="{plot.x(0):.1f}" y="{plot.y(0.7):.1f}" width="{plot.x(min(share, 1.0)) - plot.x(0):.1f}" '
        f'height="{plot.y(0.3) - plot.y(0.7):.1f}" fill="{(BLUE, ORANGE, RED, RED)[reached]}"/>'
    )
    told = f"ADPQH {words.figure(value.value, report.quantity)} = {words.percent(share)}"
    # Beside the bar's end while there is room to its right.
    if share < 0.6:
        plot.text(plot.x(share) + 6, plot.y(0.5) + 4, told)
    else:
        plot.text(plot.x(min(share, 1.0)) - 6, plot.y(0.5) + 4, told, "end", "#ffffff")
    plot.below_axis([(bound, words.percent(bound, 0)) for bound in bounds[1:-1]])
    plot.text(
        plot.x(1.0),
        plot.height - plot.below + 18,
        words.figure(left.surviving, report.quantity),
        "end",
        MUTED,
    )
    return plot.svg()


def _style(line: DayLine, report: Report) -> tuple[str, str]:
    if "exceptional" in line.flags:
        return ORANGE, "none"
    if not line.counted:
        return "#ffffff", MUTED
    return (LIGHT if line.day.weekday() in report.rules.weekend else BLUE), "none"


def _hint(line: DayLine, report: Report, words: Words) -> str:
    if line.quarter is None:
        return f"{line.day}"
    flags = words.flags(line.flags)
    figure = words.figure(line.quarter.value, report.quantity)
    return f"{line.day} {clock_text(line.quarter.clock)} · {figure}{f' · {flags}' if flags else ''}"


def _known(found: Measures) -> list[float]:
    return [] if found.average is None else [value for value in found.average.slots.tolist() if not math.isnan(value)]


def _days(first: date, last: date) -> list[date]:
    span = (last - first).days + 1
    step = max(1, math.ceil(span / 16))
    return [date.fromordinal(first.toordinal() + offset) for offset in range(0, span, step)]


def _months(first: date, last: date) -> Sequence[date]:
    numbers = range(first.year * 12 + first.month, last.year * 12 + last.month + 1)
    step = max(1, math.ceil(len(numbers) / 12))
    return [day for number in numbers[::step] if (day := date(number // 12, number % 12 + 1, 1)) >= first]
