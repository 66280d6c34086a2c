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
from dashboards.busy_hour.report import capacity_words, forecast_words, words
from dashboards.busy_hour.report.report import Report
from dashboards.busy_hour.report.titles import TITLES
from dashboards.busy_hour.report.words import Language

_SHEETS = {
    "en": ("Answers", "Measures", "Months", "Forecast", "Days"),
    "ru": ("Ответы", "Показатели", "Месяцы", "Прогноз", "Дни"),
}
_WORDS = {
    "en": {"answer": "answer", "month": "month", "days": "days", "high": "2nd highest day", "normal": "4th highest day",
           "low": "low, 95 %", "up": "high, 95 %", "measured": "measured", "forecast": "forecast", "kind": "kind",
           "counted": "counted", "yes": "yes", "no": "no"},
    "ru": {"answer": "ответ", "month": "месяц", "days": "дней", "high": "2-й день", "normal": "4-й день",
           "low": "нижняя граница 95 %", "up": "верхняя граница 95 %", "measured": "измерено", "forecast": "прогноз",
           "kind": "что", "counted": "учтён", "yes": "да", "no": "нет"},
}  # fmt: skip

Row = Sequence[Any]


def workbook(reports: Sequence[Report], language: Language) -> bytes:
    """Return the workbook about all the reports."""
    book = Workbook(write_only=True)
    title, told = TITLES[language], _WORDS[language]
    about = (title["scope"], title["quantity"])
    tables: tuple[tuple[Row, Iterable[Row]], ...] = (
        ((*about, told["answer"]), (row for report in reports for row in _answers(report, language))),
        (
            (*about, *(title[key] for key in ("measure", "start", "value", "with", "working_days", "weekend"))),
            (row for report in reports for row in _measures(report)),
        ),
        (
            (*about, told["month"], told["days"], "ADPQH", told["high"], told["normal"]),
            (row for report in reports for row in _months(report)),
        ),
        (
            (*about, told["kind"], title["day"], title["value"], told["low"], told["up"]),
            (row for report in reports for row in _forecast(report, language)),
        ),
        (
            (*about, title["day"], title["start"], title["value"], title["start"], title["full"], title["share"],
             title["coverage"], told["counted"], title["flags"]),
            (row for report in reports for row in _days(report, language)),
        ),
    )  # fmt: skip
    for name, (head, rows) in zip(_SHEETS[language], tables, strict=True):
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for column, width in zip("ABCDEFGHIJK", (18, 24, 34, 12, 16, 16, 16, 14, 12, 10, 40), strict=True):
            sheet.column_dimensions[column].width = width
        sheet.append([_bold(sheet, cell) for cell in head])
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


def _answers(report: Report, language: Language) -> Iterable[Row]:
    sentences = (
        f"{words.day(report.first, language)} – {words.day(report.last, language)}, {report.rules.calendar.zone.key}",
        words.stability_sentence(report.stability, language),
        capacity_words.redundancy_sentence(report.surviving, report.quantity, language),
        capacity_words.scenario_sentence(report.rules.scenario, report.quantity, language),
        forecast_words.forecast_sentence(report.forecast, language, report.unstated),
        *(
            forecast_words.exhaustion_sentence(entry, report.forecast, language)
            for entry in (report.forecast.exhaustion if report.forecast else ())
            if report.forecast
        ),
        forecast_words.week_sentence(report.week_ahead, language),
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


def _forecast(report: Report, language: Language) -> Iterable[Row]:
    if report.forecast is None:
        return
    for day, value in report.forecast.history:
        yield (*_about(report), _WORDS[language]["measured"], day, value)
    for point in report.forecast.points:
        yield (*_about(report), _WORDS[language]["forecast"], point.day, point.value, point.low, point.high)


def _days(report: Report, language: Language) -> Iterable[Row]:
    told = _WORDS[language]
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
            told["yes"] if line.counted else told["no"],
            ", ".join(words.named(words.FLAGS, flag, language) for flag in sorted(line.flags)),
        )
