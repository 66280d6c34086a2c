"""A self-contained HTML page: figures, charts, words; nothing is fetched, nothing runs."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dashboards.busy_hour.measures.capacity import ACT
from dashboards.busy_hour.measures.measures import Measures
from dashboards.busy_hour.measures.series import HOUR, clock_text
from dashboards.busy_hour.report import capacity_words, forecast_words, report_charts
from dashboards.busy_hour.report.report import DayLine, ExceptionalDay, Report
from dashboards.busy_hour.report.words import Words


def page(reports: Sequence[Report], words: Words, now: float) -> str:
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
        words=words,
        period=f"{words.day(first)} – {words.day(last)}",
        zone=zone.key,
        made=datetime.fromtimestamp(now, zone).strftime("%d.%m.%Y %H:%M"),
        parts=[_part(report, words) for report in reports],
    )


def _part(report: Report, words: Words) -> dict[str, Any]:
    def figure(value: float | None) -> str:
        return words.figure(value, report.quantity)

    measures, busy, left = report.measures, report.measures.tcbh, report.surviving
    adpqh = measures.named.get("adpqh")
    act = (
        next((entry for entry in report.forecast.exhaustion if entry.threshold == ACT), None)
        if report.forecast
        else None
    )
    trend, capacity = report_charts.trend(report, words), report_charts.capacity(report, words)
    peak = report.peak_quarter
    share = words.percent(measures.share, 2) if measures.share is not None else "–"
    return {
        "scope": report.scope,
        "quantity": words.named("quantity", report.quantity),
        "subtitle": words(
            "page.subtitle",
            first=words.day(report.first),
            last=words.day(report.last),
            counted=measures.days,
            days=report.calendar_days,
            coverage=words.percent(report.rules.min_coverage, 0),
            begins=report.rules.calendar.begins.strftime("%H:%M"),
            definition=", ".join(map(str, report.definitions)),
        ),
        "adpqh": figure(adpqh.value if adpqh else None),
        "tcbh": figure(busy.value if busy else None),
        "tcbh_start": clock_text(busy.clock) if busy else "–",
        "utilisation": words.percent(adpqh.value / left.surviving) if left and adpqh else "–",
        "exhaustion": forecast_words.exhaustion_short(act, report.forecast, words) if act and report.forecast else "–",
        "figures": [
            {"value": figure(adpqh.value if adpqh else None), "name": words("page.figure_adpqh")},
            {
                "value": f"{clock_text(busy.clock)}–{clock_text((busy.clock + HOUR) % (24 * HOUR))}" if busy else "–",
                "name": words("page.figure_tcbh", value=figure(busy.value if busy else None)),
            },
            {
                "value": figure(peak.value if peak else None),
                "name": words("page.figure_peak", moment=_moment(peak, words)),
            },
            {"value": share, "name": words("page.figure_share")},
        ],
        "stable": report.stability is not None and report.stability.stable,
        "stability": words.stability(report.stability),
        "daily": Markup(report_charts.daily(report, words)),  # noqa: S704 - our own SVG, its texts escaped
        "average_day": Markup(report_charts.average_day(report, words)),  # noqa: S704
        "week": Markup(report_charts.week(report, words)),  # noqa: S704
        "trend": Markup(trend) if trend else None,  # noqa: S704
        "capacity": Markup(capacity) if capacity else None,  # noqa: S704
        "forecast": forecast_words.forecast_sentence(report.forecast, words, report.unstated),
        "tests": [
            {
                "name": words.method(score.method),
                "error": words.percent(score.mape / 100),
                "share": words.percent(score.share, 0),
                "count": score.forecasts,
                "chosen": score.method == report.forecast.method,
            }
            for score in (report.forecast.scores if report.forecast else ())
            if report.forecast
        ],
        "week_ahead": forecast_words.week_sentence(report.week_ahead, words),
        "redundancy": capacity_words.redundancy_sentence(report.surviving, report.quantity, words),
        "scenario": capacity_words.scenario_sentence(report.rules.scenario, report.quantity, words),
        "thresholds": [
            {
                "threshold": f"{words.percent(entry.threshold, 0)} · {_threshold(entry.threshold, words)}",
                "level": figure(entry.level),
                "words": forecast_words.exhaustion_sentence(entry, report.forecast, words),
            }
            for entry in (report.forecast.exhaustion if report.forecast else ())
            if report.forecast
        ],
        "measures": list(_measures(report, words)),
        "lines": list(_lines(report, words)),
        "exceptional": [
            {
                "day": words.day(entry.day),
                "value": figure(entry.value),
                "z": "–" if entry.z is None else words.written(f"{entry.z:.2f}"),
                "status": _status(entry, words),
            }
            for entry in report.exceptional
        ],
        "days": [_day(line, report, words) for line in report.days],
    }


def _threshold(share: float, words: Words) -> str:
    return words(f"page.threshold_{share * 100:.0f}")


def _status(entry: ExceptionalDay, words: Words) -> str:
    if not entry.confirmed:
        return words("page.proposed")
    return f"{words('page.confirmed')}: {entry.reason}" if entry.reason else words("page.confirmed")


def _moment(peak: Any, words: Words) -> str:
    return "" if peak is None else f"{words.day(peak.day)}, {clock_text(peak.clock)}"


def _measures(report: Report, words: Words) -> Iterator[dict[str, str]]:
    def cell(found: Measures, name: str, *, start: bool) -> str:
        entry = found.named.get(name)
        if entry is None:
            return "–"
        text = words.figure(entry.value, report.quantity)
        return f"{clock_text(entry.clock)} · {text}" if start and entry.clock is not None else text

    for name, entry in report.measures.named.items():
        yield {
            "key": name.upper().replace("_", " "),
            "name": words.named("measure", name),
            "start": "" if entry.clock is None else clock_text(entry.clock),
            "value": cell(report.measures, name, start=False),
            "with": cell(report.with_exceptional, name, start=True),
            "working": cell(report.working_days, name, start=True),
            "weekend": cell(report.weekend, name, start=True),
        }


def _lines(report: Report, words: Words) -> Iterator[str]:
    def figure(value: float | None) -> str:
        return words.figure(value, report.quantity)

    names = ("second", "fourth", "five", "thirty")
    yield words("page.levels", **dict(zip(names, map(figure, report.levels_quarter), strict=True)))
    if report.coincidence:
        found = report.coincidence
        factor = words.written(f"{found.factor:.3f}")
        yield words("page.coincidence", sum=figure(found.sum_of_elements), factor=factor, n=len(found.elements))
    if report.percentile:
        parts = HOUR / report.percentile_step if report.volume else 1.0
        value = figure(report.percentile.nearest_rank / parts)
        yield words("page.percentile", value=value, n=report.percentile.samples)


def _day(line: DayLine, report: Report, words: Words) -> dict[str, str]:
    def figure(value: float | None) -> str:
        return words.figure(value, report.quantity)

    return {
        "style": "special" if "exceptional" in line.flags else "" if line.counted else "out",
        "day": f"{words.day(line.day)} {words.weekday(line.day.weekday())}",
        "start": clock_text(line.quarter.clock) if line.quarter else "–",
        "value": figure(line.quarter.value if line.quarter else None),
        "full_start": clock_text(line.full.clock) if line.full else "–",
        "full": figure(line.full.value if line.full else None),
        "share": "–" if line.share is None else words.percent(line.share, 2),
        "coverage": words.percent(line.coverage),
        "flags": words.flags(line.flags),
    }
