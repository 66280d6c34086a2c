"""A self-contained HTML page: figures, charts, words; nothing is fetched, nothing runs."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dashboards.busy_hour.measures.capacity import ACT
from dashboards.busy_hour.measures.measures import Measures
from dashboards.busy_hour.measures.series import HOUR, clock_text
from dashboards.busy_hour.report import capacity_words, forecast_words, report_charts, words
from dashboards.busy_hour.report.report import DayLine, Report
from dashboards.busy_hour.report.titles import TITLES
from dashboards.busy_hour.report.words import Language


def page(reports: Sequence[Report], language: Language, now: float) -> str:
    """Return the page about all the reports."""
    environment = Environment(
        loader=PackageLoader("dashboards.busy_hour.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    zone = reports[0].rules.calendar.zone
    first, last = min(report.first for report in reports), max(report.last for report in reports)
    return environment.get_template("report.html").render(
        language=language,
        t=TITLES[language],
        period=f"{words.day(first, language)} – {words.day(last, language)}",
        zone=zone.key,
        made=datetime.fromtimestamp(now, zone).strftime("%d.%m.%Y %H:%M"),
        parts=[_part(report, language) for report in reports],
    )


def _part(report: Report, language: Language) -> dict[str, Any]:
    title = TITLES[language]

    def figure(value: float | None) -> str:
        return "–" if value is None else words.figure(value, report.quantity, language)

    measures, busy, left = report.measures, report.measures.tcbh, report.surviving
    adpqh = measures.named.get("adpqh")
    act = (
        next((entry for entry in report.forecast.exhaustion if entry.threshold == ACT), None)
        if report.forecast
        else None
    )
    trend, capacity = report_charts.trend(report, language), report_charts.capacity(report, language)
    peak = report.peak_quarter
    share = words.written(f"{measures.share * 100:.2f} %", language) if measures.share is not None else "–"
    return {
        "scope": report.scope,
        "quantity": words.named(words.QUANTITIES, report.quantity, language),
        "subtitle": title["subtitle"].format(
            first=words.day(report.first, language),
            last=words.day(report.last, language),
            counted=measures.days,
            days=len(report.days),
            coverage=f"{report.rules.min_coverage * 100:.0f} %",
            begins=report.rules.calendar.begins.strftime("%H:%M"),
            definition=", ".join(map(str, report.definitions)),
        ),
        "adpqh": figure(adpqh.value if adpqh else None),
        "tcbh": figure(busy.value if busy else None),
        "tcbh_start": clock_text(busy.clock) if busy else "–",
        "utilisation": words.written(f"{adpqh.value / left.surviving * 100:.1f} %", language)
        if left and adpqh
        else "–",
        "exhaustion": forecast_words.exhaustion_short(act, report.forecast, language)
        if act and report.forecast
        else "–",
        "figures": [
            {"value": figure(adpqh.value if adpqh else None), "name": title["figure_adpqh"]},
            {
                "value": f"{clock_text(busy.clock)}–{clock_text((busy.clock + HOUR) % (24 * HOUR))}" if busy else "–",
                "name": title["figure_tcbh"].format(figure(busy.value if busy else None)),
            },
            {
                "value": figure(peak.value if peak else None),
                "name": title["figure_peak"].format(_moment(peak, language)),
            },
            {"value": share, "name": title["figure_share"]},
        ],
        "stable": report.stability is not None and report.stability.stable,
        "stability": words.stability_sentence(report.stability, language),
        "daily": Markup(report_charts.daily(report, language)),  # noqa: S704 - our own SVG, its texts escaped
        "average_day": Markup(report_charts.average_day(report, language)),  # noqa: S704
        "week": Markup(report_charts.week(report, language)),  # noqa: S704
        "trend": Markup(trend) if trend else None,  # noqa: S704
        "capacity": Markup(capacity) if capacity else None,  # noqa: S704
        "forecast": forecast_words.forecast_sentence(report.forecast, language, report.unstated),
        "tests": [
            {
                "name": words.method(score.method, language),
                "error": words.written(f"{score.mape:.1f} %", language),
                "share": words.written(f"{score.share * 100:.0f} %", language),
                "count": score.forecasts,
                "chosen": score.method == report.forecast.method,
            }
            for score in (report.forecast.scores if report.forecast else ())
            if report.forecast
        ],
        "week_ahead": forecast_words.week_sentence(report.week_ahead, language),
        "redundancy": capacity_words.redundancy_sentence(report.surviving, report.quantity, language),
        "scenario": capacity_words.scenario_sentence(report.rules.scenario, report.quantity, language),
        "thresholds": [
            {
                "threshold": f"{entry.threshold * 100:.0f} % · {title[f'threshold_{entry.threshold * 100:.0f}']}",
                "level": figure(entry.level),
                "words": forecast_words.exhaustion_sentence(entry, report.forecast, language),
            }
            for entry in (report.forecast.exhaustion if report.forecast else ())
            if report.forecast
        ],
        "measures": list(_measures(report, language)),
        "lines": list(_lines(report, language)),
        "exceptional": [
            {
                "day": words.day(entry.day, language),
                "value": figure(entry.value),
                "z": "–" if entry.z is None else words.written(f"{entry.z:.2f}", language),
                "status": (f"{title['confirmed']}: {entry.reason}" if entry.reason else title["confirmed"])
                if entry.confirmed
                else title["proposed"],
            }
            for entry in report.exceptional
        ],
        "days": [_day(line, report, language) for line in report.days],
    }


def _moment(peak: Any, language: Language) -> str:
    return "" if peak is None else f"{words.day(peak.day, language)}, {clock_text(peak.clock)}"


def _measures(report: Report, language: Language) -> Iterator[dict[str, str]]:
    def cell(found: Measures, name: str, *, start: bool) -> str:
        entry = found.named.get(name)
        if entry is None:
            return "–"
        text = words.figure(entry.value, report.quantity, language)
        return f"{clock_text(entry.clock)} · {text}" if start and entry.clock is not None else text

    for name, entry in report.measures.named.items():
        yield {
            "key": name.upper().replace("_", " "),
            "name": words.named(words.MEASURES, name, language),
            "start": "" if entry.clock is None else clock_text(entry.clock),
            "value": cell(report.measures, name, start=False),
            "with": cell(report.with_exceptional, name, start=True),
            "working": cell(report.working_days, name, start=True),
            "weekend": cell(report.weekend, name, start=True),
        }


def _lines(report: Report, language: Language) -> Iterator[str]:
    title = TITLES[language]

    def figure(value: float | None) -> str:
        return "–" if value is None else words.figure(value, report.quantity, language)

    yield title["levels"].format(*(figure(value) for value in report.levels_quarter))
    if report.coincidence:
        found = report.coincidence
        factor = words.written(f"{found.factor:.3f}", language)
        yield title["coincidence"].format(figure(found.sum_of_elements), factor, len(found.elements))
    if report.percentile:
        parts = HOUR / report.percentile_step if report.volume else 1.0
        yield title["percentile"].format(figure(report.percentile.nearest_rank / parts), report.percentile.samples)


def _day(line: DayLine, report: Report, language: Language) -> dict[str, str]:
    def figure(value: float | None) -> str:
        return "–" if value is None else words.figure(value, report.quantity, language)

    return {
        "style": "special" if "exceptional" in line.flags else "" if line.counted else "out",
        "day": f"{words.day(line.day, language)} {words.WEEKDAYS[language][line.day.weekday()]}",
        "start": clock_text(line.quarter.clock) if line.quarter else "–",
        "value": figure(line.quarter.value if line.quarter else None),
        "full_start": clock_text(line.full.clock) if line.full else "–",
        "full": figure(line.full.value if line.full else None),
        "share": "–" if line.share is None else words.written(f"{line.share * 100:.2f} %", language),
        "coverage": words.written(f"{line.coverage * 100:.1f} %", language),
        "flags": ", ".join(words.named(words.FLAGS, flag, language) for flag in sorted(line.flags)),
    }
