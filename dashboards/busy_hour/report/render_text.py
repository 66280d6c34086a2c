"""A report for the terminal and as CSV."""

import csv
import io
from collections.abc import Sequence

from dashboards.busy_hour.measures.series import clock_text
from dashboards.busy_hour.report import capacity_words, forecast_words
from dashboards.busy_hour.report.report import Report
from dashboards.busy_hour.report.words import Words


def number(value: float | None, words: Words) -> str:
    """Return a figure to read: seven digits, an en dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:,.4f}" if abs(value) < 1 else f"{value:,.3f}"
    return words.written(text.rstrip("0").rstrip(".") if "." in text else text)


def table(report: Report, words: Words) -> str:
    """Return the report as plain text."""
    quantity, unit = words.named("quantity", report.quantity), words.unit(report.quantity)
    title = f"{report.scope} · {quantity}{f' [{unit}]' if unit else ''} · {report.first} … {report.last}"
    lines = [title, f"{report.rules.calendar.zone.key}, {_counted(report, words)}", ""]
    lines += _columns(_day_rows(report, words))
    lines += ["", *_columns(_measure_rows(report, words)), ""]
    names = ("second", "fourth", "five", "thirty")
    levels = {name: number(value, words) for name, value in zip(names, report.levels_quarter, strict=True)}
    lines.append(words("table.levels", **levels))
    if report.percentile:
        parts = 3600 / report.percentile_step if report.volume else 1.0
        value = number(report.percentile.nearest_rank / parts, words)
        lines.append(words("table.percentile", value=value, n=report.percentile.samples))
    if report.coincidence:
        found = report.coincidence
        total, factor = number(found.sum_of_elements, words), number(found.factor, words)
        lines.append(words("table.coincidence", sum=total, factor=factor))
    if report.exceptional:
        lines.append(f"{words('table.exceptional')}:")
        for entry in report.exceptional:
            state = words("page.confirmed" if entry.confirmed else "page.proposed")
            score = f", z = {words.written(f'{entry.z:.2f}')}" if entry.z is not None else ""
            reason = f" ({entry.reason})" if entry.reason else ""
            lines.append(f"  {entry.day}  {number(entry.value, words)}{score}  {state}{reason}")
    lines += ["", words.stability(report.stability)]
    lines += [
        sentence
        for sentence in (
            capacity_words.redundancy_sentence(report.surviving, report.quantity, words),
            capacity_words.scenario_sentence(report.rules.scenario, report.quantity, words),
            forecast_words.forecast_sentence(report.forecast, words, report.unstated),
            forecast_words.week_sentence(report.week_ahead, words),
        )
        if sentence
    ]
    return "\n".join(lines) + "\n"


def _counted(report: Report, words: Words) -> str:
    """Return how many days the figures rest on, and how many have no record at all."""
    counted = words("table.counted", counted=report.measures.days, days=report.calendar_days)
    missing = report.calendar_days - len(report.days)
    return f"{counted}; {words('table.unrecorded', days=missing)}" if missing else counted


def _day_rows(report: Report, words: Words) -> list[list[str]]:
    heads = ("page.day", "page.start", "table.value", "page.start", "page.full", "table.share", "page.coverage")
    rows = [[words(key) for key in (*heads, "page.flags")]]
    rows.extend(
        [
            f"{line.day} {words.weekday(line.day.weekday())}",
            clock_text(line.quarter.clock) if line.quarter else "–",
            number(line.quarter.value if line.quarter else None, words),
            clock_text(line.full.clock) if line.full else "–",
            number(line.full.value if line.full else None, words),
            words.percent(line.share, 2) if line.share is not None else "–",
            words.percent(line.coverage),
            words.flags(line.flags),
        ]
        for line in report.days
    )
    return rows


def _measure_rows(report: Report, words: Words) -> list[list[str]]:
    columns = [("table.value", report.measures)]
    if report.with_exceptional.days != report.measures.days:
        columns.append(("table.with", report.with_exceptional))
    columns += [("page.working_days", report.working_days), ("page.weekend", report.weekend)]
    heads = [cell for key, _ in columns for cell in (words("page.start"), words(key))]
    rows = [[words("page.measure"), *heads]]
    for name in report.measures.named:
        row = [f"{name}  {words.named('measure', name)}"]
        for _, found in columns:
            entry = found.named.get(name)
            row += ["" if entry is None or entry.clock is None else clock_text(entry.clock)]
            row += [number(entry.value if entry else None, words)]
        rows.append(row)
    return rows


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def days_csv(report: Report) -> str:
    """Return one row a day, then nothing else: measures are in the JSON."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(
        ["scope", "quantity", "date", "start", "value", "full_start", "full_value", "share", "coverage", "flags"]
    )
    for line in report.days:
        writer.writerow(
            [
                report.scope,
                report.quantity,
                line.day.isoformat(),
                clock_text(line.quarter.clock) if line.quarter else "",
                line.quarter.value if line.quarter else "",
                clock_text(line.full.clock) if line.full else "",
                line.full.value if line.full else "",
                "" if line.share is None else line.share,
                line.coverage,
                " ".join(sorted(line.flags)),
            ]
        )
    return output.getvalue()
