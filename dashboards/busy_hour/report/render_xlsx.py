"""The report as an Excel workbook: answers, measures, months, forecast and every day as a record.

Numbers are numbers and dates are dates, so that each figure can be recomputed from the sheet of days.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from dashboards.busy_hour.measures.series import clock_text
from dashboards.busy_hour.report import capacity_words, forecast_words
from dashboards.busy_hour.report.report import Report
from dashboards.busy_hour.report.words import Words

_SHEETS = ("answers", "measures", "months", "forecast", "days")

Row = Sequence[Any]


def workbook(reports: Sequence[Report], words: Words) -> bytes:
    """Return the workbook about all the reports."""
    book = Workbook(write_only=True)
    tables: tuple[tuple[Sequence[str], Iterable[Row]], ...] = (
        (("cell.answer",), (row for report in reports for row in _answers(report, words))),
        (
            ("page.measure", "page.start", "page.value", "page.with", "page.working_days", "page.weekend"),
            (row for report in reports for row in _measures(report)),
        ),
        (
            ("cell.month", "cell.days", "cell.adpqh", "cell.high", "cell.normal"),
            (row for report in reports for row in _months(report)),
        ),
        (
            ("cell.kind", "page.day", "page.value", "cell.low", "cell.up"),
            (row for report in reports for row in _forecast(report, words)),
        ),
        (
            ("page.day", "page.start", "page.value", "page.start", "page.full", "page.share", "page.coverage",
             "cell.counted", "page.flags"),
            (row for report in reports for row in _days(report, words)),
        ),
    )  # fmt: skip
    for name, (head, rows) in zip(_SHEETS, tables, strict=True):
        sheet = book.create_sheet(words(f"sheet.{name}"))
        sheet.freeze_panes = "A2"
        for column, width in zip("ABCDEFGHIJK", (18, 24, 34, 12, 16, 16, 16, 14, 12, 10, 40), strict=True):
            sheet.column_dimensions[column].width = width
        sheet.append([_bold(sheet, words(cell)) for cell in ("page.scope", "page.quantity", *head)])
        for row in rows:
            sheet.append([_safe(cell) for cell in row])
    output = BytesIO()
    book.save(output)
    return output.getvalue()


def _bold(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _safe(value: Any) -> Any:
    """Return a text that Excel does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def _about(report: Report) -> tuple[str, str]:
    return report.scope, report.quantity


def _answers(report: Report, words: Words) -> Iterable[Row]:
    sentences = (
        f"{words.day(report.first)} – {words.day(report.last)}, {report.rules.calendar.zone.key}",
        words.stability(report.stability),
        capacity_words.redundancy_sentence(report.surviving, report.quantity, words),
        capacity_words.scenario_sentence(report.rules.scenario, report.quantity, words),
        forecast_words.forecast_sentence(report.forecast, words, report.unstated),
        *(
            forecast_words.exhaustion_sentence(entry, report.forecast, words)
            for entry in (report.forecast.exhaustion if report.forecast else ())
            if report.forecast
        ),
        forecast_words.week_sentence(report.week_ahead, words),
    )
    return ((*_about(report), sentence) for sentence in sentences if sentence)


def _measures(report: Report) -> Iterable[Row]:
    for name, entry in report.measures.named.items():
        others = (report.with_exceptional, report.working_days, report.weekend)
        start = None if entry.clock is None else clock_text(entry.clock)
        values = (found.named[name].value if name in found.named else None for found in others)
        yield (*_about(report), name, start, entry.value, *values)


def _months(report: Report) -> Iterable[Row]:
    for month in report.months:
        yield (*_about(report), month.month, month.days, month.adpqh, month.high, month.normal)


def _forecast(report: Report, words: Words) -> Iterable[Row]:
    if report.forecast is None:
        return
    for day, value in report.forecast.history:
        yield (*_about(report), words("cell.measured"), day, value)
    for point in report.forecast.points:
        yield (*_about(report), words("cell.forecast"), point.day, point.value, point.low, point.high)


def _days(report: Report, words: Words) -> Iterable[Row]:
    for line in report.days:
        yield (
            *_about(report),
            line.day,
            clock_text(line.quarter.clock) if line.quarter else None,
            line.quarter.value if line.quarter else None,
            clock_text(line.full.clock) if line.full else None,
            line.full.value if line.full else None,
            line.share,
            line.coverage,
            words("cell.yes") if line.counted else words("cell.no"),
            words.flags(line.flags),
        )
