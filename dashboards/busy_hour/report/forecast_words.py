"""Sentences about what comes."""

from dashboards.busy_hour.forecast.forecast import Exhaustion, Forecast
from dashboards.busy_hour.forecast.week_ahead import WeekAhead
from dashboards.busy_hour.measures.capacity import ACT
from dashboards.busy_hour.report import capacity_words, pattern_words
from dashboards.busy_hour.report.words import Words


def forecast_sentence(made: Forecast | None, words: Words, unstated: tuple[str, ...] = ()) -> str:
    """Return the whole answer about capacity: for 70 % of what survives, with range and tested error."""
    if made is None:
        return words("forecast.too_short")
    act = next((entry for entry in made.exhaustion if entry.threshold == ACT), None)
    parts = (
        exhaustion_sentence(act, made, words) if act else words("forecast.no_capacity"),
        days_sentence(act, words) if act else "",
        capacity_words.unstated_sentence(unstated, words),
        pattern_words.pattern_sentence(made, words),
        _tested(made, words),
    )
    return " ".join(filter(None, parts))


def exhaustion_sentence(entry: Exhaustion, made: Forecast, words: Words) -> str:
    """Return "70 % of surviving capacity in September 2027, between July and December 2027."."""
    share = words.percent(entry.threshold, 0)
    if entry.answer in ("already", "none"):
        return words(f"exhaustion.{entry.answer}", share=share)
    if entry.answer == "beyond" or entry.likely is None:
        early = words("exhaustion.early", month=words.month(entry.earliest, "month_of")) if entry.earliest else ""
        if made.basis == "month":
            return words("exhaustion.beyond", share=share, early=early)
        return words("exhaustion.beyond_horizon", share=share, limit=made.horizon.isoformat(), early=early)
    month = words.month(entry.likely, "month_in")
    return words("exhaustion.date", share=share, month=month, range=_range(entry, words))


def days_sentence(entry: Exhaustion, words: Words) -> str:
    """Return how many single days reached what the trend has not reached yet, such as nights with a match."""
    if entry.answer == "already" or entry.highest is None:
        return ""
    day, value = entry.highest
    share = words.percent(entry.threshold * value / entry.level, 0)
    return words("exhaustion.days", n=entry.days, share=share, day=words.day(day))


def exhaustion_short(entry: Exhaustion, made: Forecast, words: Words) -> str:
    """Return the answer for a cell of a table."""
    if entry.answer in ("already", "none"):
        return words(f"exhaustion_short.{entry.answer}")
    if entry.answer == "beyond" or entry.likely is None:
        if made.basis == "month":
            return words("exhaustion_short.beyond")
        return words("exhaustion_short.after", month=words.month(made.horizon))
    return words.month(entry.likely)


def _range(entry: Exhaustion, words: Words) -> str:
    early, late = entry.earliest, entry.latest
    if early is not None and late is not None:
        if (early.year, early.month) == (late.year, late.month):
            return words("exhaustion.within")
        one_year = early.year == late.year
        first = words(f"month_between.{early.month}") if one_year else words.month(early, "month_between")
        return words("exhaustion.between", first=first, last=words.month(late, "month_between"))
    if early is not None:
        return words("exhaustion.not_before", month=words.month(early, "month_of"))
    return words("exhaustion.without")


def _tested(made: Forecast, words: Words) -> str:
    if made.mape is None:
        tested = words("forecast.untested")
    else:
        error = words.percent(made.mape / 100)
        naive = None if made.baseline_mape is None else words.percent(made.baseline_mape / 100)
        tested = words("forecast.error_and_naive" if naive else "forecast.error", error=error, naive=naive)
    return words(
        "forecast.tested",
        method=words.method(made.method),
        basis=words.number(f"forecast.basis.{made.basis}", len(made.history)),
        growth=words.change(made.growth_per_month),
        tested=tested,
    )


def week_sentence(made: WeekAhead | None, words: Words) -> str:
    """Return what is known of the next 168 hours."""
    if made is None:
        return ""
    method = words.method("seasonal_naive_week" if made.method == "seasonal_naive" else made.method)
    others = sum(entry.share > 0 for entry in made.contest) - 1
    if others:
        method = words("week.others", method=method, n=others)
    error, baseline, held_out, held_out_baseline = (
        "–" if value is None else words.percent(value / 100, 3)
        for value in (made.mape, made.baseline_mape, made.held_out_mape, made.held_out_baseline_mape)
    )
    parts = [words("week.head", method=method, error=error, origins=made.origins, baseline=baseline)]
    if made.held_out_mape is None:
        parts.append(words("week.nothing"))
    else:
        parts.append(words("week.held_out", error=held_out, baseline=held_out_baseline))
    if made.unknown:
        parts.append(words("week.unknown", n=made.unknown))
    return "; ".join(parts) + "."
