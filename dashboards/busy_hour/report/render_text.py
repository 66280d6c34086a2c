"""A report for the terminal and as CSV."""

import csv
import io
from collections.abc import Sequence

from dashboards.busy_hour.measures.series import clock_text
from dashboards.busy_hour.report import capacity_words, forecast_words, words
from dashboards.busy_hour.report.report import Report
from dashboards.busy_hour.report.words import Language

_HEAD = {
    "en": {
        "days": "days counted",
        "day": "day",
        "start": "start",
        "value": "busy hour",
        "full": "full hour",
        "share": "share",
        "coverage": "coverage",
        "flags": "remarks",
        "measure": "measure",
        "with": "with exceptional",
        "working": "working days",
        "weekend": "weekend",
        "levels": "load levels (daily peaks by quarter): 2nd {0}, 4th {1}, mean of 5 {2}, mean of 30 {3}",
        "percentile": "95th percentile (billing, for contrast): {0}, of {1} averages",
        "coincidence": "sum of element peaks {0}, coincidence factor {1}",
        "exceptional": "exceptional days",
        "confirmed": "confirmed",
        "proposed": "proposed: confirm in the calendar or leave",
    },
    "ru": {
        "days": "учтено дней",
        "day": "день",
        "start": "начало",
        "value": "ЧНН",
        "full": "полный час",
        "share": "доля дня",
        "coverage": "полнота",
        "flags": "пометки",
        "measure": "показатель",
        "with": "с особыми днями",
        "working": "рабочие дни",
        "weekend": "выходные",
        "levels": "уровни нагрузки (пики дней по четвертям): 2-й {0}, 4-й {1}, среднее 5 {2}, среднее 30 {3}",
        "percentile": "95-й процентиль (для счетов, для сравнения): {0}, по {1} средним",
        "coincidence": "сумма пиков элементов {0}, коэффициент одновременности {1}",
        "exceptional": "особые дни",
        "confirmed": "подтверждён",
        "proposed": "предложен: подтвердите в календаре или оставьте",
    },
}


def number(value: float | None, language: Language) -> str:
    """Return a figure to read: seven digits, an en dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:,.4f}" if abs(value) < 1 else f"{value:,.3f}"
    return words.written(text.rstrip("0").rstrip(".") if "." in text else text, language)


def table(report: Report, language: Language) -> str:
    """Return the report as plain text."""
    head = _HEAD[language]
    quantity = words.named(words.QUANTITIES, report.quantity, language)
    unit = words.UNITS.get(report.quantity, {}).get(language)
    title = f"{report.scope} · {quantity}{f' [{unit}]' if unit else ''} · {report.first} … {report.last}"
    lines = [title, f"{report.rules.calendar.zone.key}, {head['days']}: {report.measures.days}", ""]
    lines += _columns(_day_rows(report, language))
    lines += ["", *_columns(_measure_rows(report, language)), ""]
    lines.append(head["levels"].format(*(number(value, language) for value in report.levels_quarter)))
    if report.percentile:
        parts = 3600 / report.percentile_step if report.volume else 1.0
        lines.append(
            head["percentile"].format(
                number(report.percentile.nearest_rank / parts, language), report.percentile.samples
            )
        )
    if report.coincidence:
        found = report.coincidence
        lines.append(
            head["coincidence"].format(number(found.sum_of_elements, language), number(found.factor, language))
        )
    if report.exceptional:
        lines.append(f"{head['exceptional']}:")
        for entry in report.exceptional:
            state = head["confirmed" if entry.confirmed else "proposed"]
            score = f", z = {words.written(f'{entry.z:.2f}', language)}" if entry.z is not None else ""
            reason = f" ({entry.reason})" if entry.reason else ""
            lines.append(f"  {entry.day}  {number(entry.value, language)}{score}  {state}{reason}")
    lines += ["", words.stability_sentence(report.stability, language)]
    lines += [
        sentence
        for sentence in (
            capacity_words.redundancy_sentence(report.surviving, report.quantity, language),
            capacity_words.scenario_sentence(report.rules.scenario, report.quantity, language),
            forecast_words.forecast_sentence(report.forecast, language, report.unstated),
            forecast_words.week_sentence(report.week_ahead, language),
        )
        if sentence
    ]
    return "\n".join(lines) + "\n"


def _day_rows(report: Report, language: Language) -> list[list[str]]:
    head = _HEAD[language]
    rows = [[head[key] for key in ("day", "start", "value", "start", "full", "share", "coverage", "flags")]]
    rows.extend(
        [
            f"{line.day} {words.WEEKDAYS[language][line.day.weekday()]}",
            clock_text(line.quarter.clock) if line.quarter else "–",
            number(line.quarter.value if line.quarter else None, language),
            clock_text(line.full.clock) if line.full else "–",
            number(line.full.value if line.full else None, language),
            words.written(f"{line.share * 100:.2f} %", language) if line.share is not None else "–",
            words.written(f"{line.coverage * 100:.1f} %", language),
            ", ".join(words.named(words.FLAGS, flag, language) for flag in sorted(line.flags)),
        ]
        for line in report.days
    )
    return rows


def _measure_rows(report: Report, language: Language) -> list[list[str]]:
    head = _HEAD[language]
    columns = [("value", report.measures)]
    if report.with_exceptional.days != report.measures.days:
        columns.append(("with", report.with_exceptional))
    columns += [("working", report.working_days), ("weekend", report.weekend)]
    rows = [[head["measure"]] + [cell for key, _ in columns for cell in (head["start"], head[key])]]
    for name in report.measures.named:
        row = [f"{name}  {words.named(words.MEASURES, name, language)}"]
        for _, found in columns:
            entry = found.named.get(name)
            row += ["" if entry is None or entry.clock is None else clock_text(entry.clock)]
            row += [number(entry.value if entry else None, language)]
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
