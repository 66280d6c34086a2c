"""A report as one JSON object; its names are a contract."""

import math
from datetime import UTC, datetime
from functools import partial
from typing import Any

from dashboards.busy_hour.forecast.forecast import Forecast
from dashboards.busy_hour.forecast.week_ahead import WeekAhead
from dashboards.busy_hour.measures.measures import Measures, Top
from dashboards.busy_hour.measures.scenario import Scenario
from dashboards.busy_hour.measures.series import HOUR, clock_text, local_text
from dashboards.busy_hour.measures.traffic import Coincidence, LoadLevels, Peak
from dashboards.busy_hour.report import capacity_words, forecast_words, pattern_words
from dashboards.busy_hour.report.report import DayLine, ExceptionalDay, Report
from dashboards.busy_hour.report.words import in_every_language

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def to_object(report: Report) -> dict[str, Any]:
    """Return the report ready for json.dumps."""
    zone = report.rules.calendar.zone
    return {
        "scope": report.scope,
        "quantity": report.quantity,
        "zone": zone.key,
        "day_begins": report.rules.calendar.begins.isoformat("minutes"),
        "from": report.first.isoformat(),
        "to": report.last.isoformat(),
        "step_seconds": report.step,
        "definition": list(report.definitions),
        "min_coverage": report.rules.min_coverage,
        "days_counted": report.measures.days,
        "days": [_day(line, report) for line in report.days],
        "measures": _with_elements(_measures(report.measures, report), report.coincidence),
        "measures_with_exceptional_days": _measures(report.with_exceptional, report),
        "day_types": {
            name: {"days": found.days, "measures": _measures(found, report)}
            for name, found in (("working_days", report.working_days), ("weekend", report.weekend))
        },
        "busy_hour_share": report.measures.share,
        "peak_to_average": report.measures.peak_to_average,
        "peak": {"quarter": _top(report.peak_quarter), "full": _top(report.peak_full)},
        "load_levels": {"quarter": _levels(report.levels_quarter), "full": _levels(report.levels_full)},
        "months": [
            {
                "month": f"{month.month:%Y-%m}",
                "days": month.days,
                "adpqh": month.adpqh,
                "high": month.high,
                "normal": month.normal,
            }
            for month in report.months
        ],
        "representative_month": _representative(report),
        "percentile_95": None
        if report.percentile is None
        else {
            "nearest_rank": report.percentile.nearest_rank / _parts(report),
            "linear": report.percentile.linear / _parts(report),
            "samples": report.percentile.samples,
            "dropped": report.percentile.dropped,
            "step_seconds": report.percentile_step,
        },
        "stability": _stability(report),
        "exceptional_days": [
            {"date": entry.day.isoformat(), "value": entry.value} | exceptional_object(entry)
            for entry in report.exceptional
        ],
        "weekly_pattern": {_WEEKDAYS[weekday]: hours for weekday, hours in report.pattern.items()},
        "capacity": None if report.surviving is None else report.surviving._asdict(),
        "nodes_without_capacity": list(report.unstated),
        "scenario": scenario_object(report.rules.scenario, report.quantity),
        "forecast": {
            "words": in_every_language(
                lambda words: forecast_words.forecast_sentence(report.forecast, words, report.unstated)
            ),
            "trend": None if report.forecast is None else trend_object(report.forecast),
            "week_ahead": None if report.week_ahead is None else week_object(report.week_ahead),
        },
    }


def exceptional_object(entry: ExceptionalDay) -> dict[str, Any]:
    """Return why a day is exceptional, and whether the calendar says so or only its distance from the median."""
    return {"status": "confirmed" if entry.confirmed else "proposed", "z": entry.z, "reason": entry.reason}


def _parts(report: Report) -> float:
    """Volumes are kept as intensities per hour; a percentile of volumes is of the interval's own volume."""
    return HOUR / report.percentile_step if report.volume else 1.0


def _measures(found: Measures, report: Report) -> dict[str, Any]:
    result: dict[str, Any] = {
        name: {"value": entry.value} | ({"start": clock_text(entry.clock)} if entry.clock is not None else {})
        for name, entry in found.named.items()
    }
    if "fdmh" in result:
        result["fdmh"]["origin"] = "tcbh_quarter" if report.rules.fixed_clock is None else "setting"
    return result


def _with_elements(measures: dict[str, Any], found: Coincidence | None) -> dict[str, Any]:
    if "bouncing" in measures and found:
        measures["bouncing"] |= {
            "sum_of_elements": found.sum_of_elements,
            "whole": found.whole,
            "coincidence_factor": found.factor,
            "days": found.days,
            "elements": found.elements,
        }
    return measures


def _day(line: DayLine, report: Report) -> dict[str, Any]:
    def hour(peak: Peak | None, prefix: str) -> dict[str, Any]:
        if peak is None:
            return {f"{prefix}value": None, f"{prefix}start": None}
        return {
            f"{prefix}value": peak.value,
            f"{prefix}start": clock_text(peak.clock),
            f"{prefix}start_time": local_text(peak.start, report.rules.calendar.zone),
        }

    return {
        "date": line.day.isoformat(),
        **hour(line.quarter, ""),
        **hour(line.full, "full_"),
        **(hour(line.strict, "strict_") if line.strict else {}),
        "share": line.share,
        "coverage": line.coverage,
        "flags": sorted(line.flags),
        "counted": line.counted,
    }


def _top(top: Top | None) -> dict[str, Any] | None:
    return None if top is None else {"date": top.day.isoformat(), "start": clock_text(top.clock), "value": top.value}


def _levels(levels: LoadLevels) -> dict[str, Any]:
    return {
        "second_highest": levels.second,
        "fourth_highest": levels.fourth,
        "mean_of_5_busiest": levels.mean_of_5,
        "mean_of_30_busiest": levels.mean_of_30,
    }


def _representative(report: Report) -> dict[str, Any] | None:
    """The yearly representative value is the second highest month (E.500)."""
    if len(report.months) < 2:
        return None
    found = sorted(report.months, key=lambda month: -month.adpqh)[1]
    return {"month": f"{found.month:%Y-%m}", "adpqh": found.adpqh}


def _stability(report: Report) -> dict[str, Any]:
    found = report.stability
    sentences = in_every_language(lambda words: words.stability(found))
    if found is None:
        return {"stable": None, "words": sentences}
    return {
        "stable": found.stable,
        "ratio": found.ratio,
        "median_start": clock_text(found.median_clock),
        "spread_minutes": found.spread_seconds // 60,
        "share_within_an_hour_of_tcbh": found.near,
        "words": sentences,
    }


def trend_object(made: Forecast) -> dict[str, Any]:
    """Return a forecast ready for json.dumps."""
    return {
        "basis": made.basis,
        "method": made.method,
        "growth_per_month": made.growth_per_month,
        "back_test": {
            "mape": made.mape,
            "baseline": made.baseline,
            "baseline_mape": made.baseline_mape,
            "methods": [score._asdict() for score in made.scores],
        },
        "pattern": _pattern(made),
        "history": [{"date": day.isoformat(), "value": value} for day, value in made.history],
        "horizon": made.horizon.isoformat(),
        "points": [
            {"date": point.day.isoformat(), "value": point.value, "low": point.low, "high": point.high}
            for point in made.points
        ],
        "exhaustion": [
            {
                "threshold": entry.threshold,
                "level": entry.level,
                "answer": entry.answer,
                "likely": entry.likely.isoformat() if entry.likely else None,
                "earliest": entry.earliest.isoformat() if entry.earliest else None,
                "latest": entry.latest.isoformat() if entry.latest else None,
                "days_reached": entry.days,
                "words": in_every_language(partial(forecast_words.exhaustion_sentence, entry, made)),
            }
            for entry in made.exhaustion
        ],
    }


def scenario_object(scenario: Scenario, quantity: str) -> dict[str, Any] | None:
    """Return what is assumed; None where nothing is."""
    if not scenario.any:
        return None
    return {
        "growth_per_month": scenario.growth,
        "nodes": [{"site": node.site, "amount": node.amount} for node in scenario.nodes],
        "lost": scenario.lost,
        "event": scenario.event,
        "words": in_every_language(lambda words: capacity_words.scenario_sentence(scenario, quantity, words)),
    }


def _pattern(made: Forecast) -> dict[str, Any]:
    seen = made.pattern
    peak = seen.peak_month() if seen else None
    return {
        "steps": [{"date": step.day.isoformat(), "share": step.share} for step in seen.told_steps()] if seen else [],
        "changes_of_growth": [
            {"date": day.isoformat(), "before_per_month": before, "after_per_month": after}
            for day, before, after in made.changes_of_growth
        ],
        "season": {"highest_month": peak, "share": seen.depth()} if seen and peak is not None else None,
        "days_left_out": [day.isoformat() for day in made.left_out],
        "gaps": [{"from": gap.first.isoformat(), "to": gap.last.isoformat()} for gap in made.gaps],
        "words": in_every_language(lambda words: pattern_words.pattern_sentence(made, words)),
    }


def week_object(made: WeekAhead) -> dict[str, Any]:
    """Return the week ahead ready for json.dumps; an hour without a forecast is null."""
    return {
        "method": made.method,
        "back_test": {"mape": made.mape, "baseline_mape": made.baseline_mape, "origins": made.origins},
        "held_out": {"hours": 168, "mape": made.held_out_mape, "baseline_mape": made.held_out_baseline_mape},
        "methods": [entry._asdict() for entry in made.contest],
        "words": in_every_language(lambda words: forecast_words.week_sentence(made, words)),
        "start": datetime.fromtimestamp(made.start, UTC).isoformat().replace("+00:00", "Z"),
        "hours": [None if math.isnan(value) else value for value in made.values.tolist()],
    }
