"""Sentences about what comes, in Russian and English."""

from dashboards.busy_hour.forecast.forecast import Exhaustion, Forecast
from dashboards.busy_hour.forecast.week_ahead import WeekAhead
from dashboards.busy_hour.measures.capacity import ACT
from dashboards.busy_hour.report import capacity_words, pattern_words, words
from dashboards.busy_hour.report.words import Language


def forecast_sentence(made: Forecast | None, language: Language, unstated: tuple[str, ...] = ()) -> str:
    """Return the whole answer about capacity: for 70 % of what survives, with range and tested error."""
    if made is None:
        if language == "ru":
            return "Данных для прогноза мало: нужны шесть месяцев или хотя бы 28 дней подряд."
        return "Not enough data to forecast: six months are needed, or at least 28 days on end."
    act = next((entry for entry in made.exhaustion if entry.threshold == ACT), None)
    if act is None:
        answer = (
            "Ёмкость не задана, поэтому срок её исчерпания не определён."
            if language == "ru"
            else "No capacity is stated, so no date of exhaustion is named."
        )
    else:
        answer = exhaustion_sentence(act, made, language)
    return " ".join(
        filter(
            None,
            (
                answer,
                capacity_words.unstated_sentence(unstated, language),
                pattern_words.pattern_sentence(made, language),
                _tested(made, language),
            ),
        )
    )


def exhaustion_sentence(entry: Exhaustion, made: Forecast, language: Language) -> str:
    """Return "70 % of surviving capacity in September 2027, between July and December 2027."."""
    percent = f"{entry.threshold * 100:.0f} %"
    what = f"{percent} ёмкости с резервом N−1" if language == "ru" else f"{percent} of surviving capacity"
    if entry.answer == "already":
        return f"{what}: уже превышено." if language == "ru" else f"{what}: already exceeded."
    if entry.answer == "none":
        return (
            f"{what}: исчерпание не прогнозируется, роста нет."
            if language == "ru"
            else f"{what}: no exhaustion, no growth."
        )
    if entry.answer == "beyond" or entry.likely is None:
        return f"{what}: {_beyond(made, language)}{_early(entry, language)}."
    where = f"{words.IN_MONTH[language][entry.likely.month - 1]} {entry.likely.year}"
    start = f"{what} в {where}" if language == "ru" else f"{what} in {where}"
    return f"{start}, {_range(entry, language)}."


def exhaustion_short(entry: Exhaustion, made: Forecast, language: Language) -> str:
    """Return the answer for a cell of a table."""
    if entry.answer == "already":
        return "уже превышено" if language == "ru" else "already exceeded"
    if entry.answer == "none":
        return "роста нет" if language == "ru" else "no growth"
    if entry.answer == "beyond" or entry.likely is None:
        if made.basis == "month":
            return "более 3 лет" if language == "ru" else "> 3 years"
        return (
            f"не раньше: {words.month(made.horizon, language)}"
            if language == "ru"
            else f"after {words.month(made.horizon, language)}"
        )
    return words.month(entry.likely, language)


def _beyond(made: Forecast, language: Language) -> str:
    if made.basis == "month":
        return "более чем через три года" if language == "ru" else "more than three years away"
    limit = made.horizon.isoformat()
    if language == "ru":
        return f"не раньше {limit}; для более далёкого прогноза истории мало"
    return f"not before {limit}; so short a history sees no further"


def _early(entry: Exhaustion, language: Language) -> str:
    if entry.earliest is None:
        return ""
    name = f"{words.BY_MONTH[language][entry.earliest.month - 1]} {entry.earliest.year}"
    return f" (возможно, с {name})" if language == "ru" else f" (at the earliest in {name})"


def _range(entry: Exhaustion, language: Language) -> str:
    early, late = entry.earliest, entry.latest
    if early is not None and late is not None:
        if (early.year, early.month) == (late.year, late.month):
            return "диапазон внутри месяца" if language == "ru" else "the range within that month"
        year = "" if early.year == late.year else f" {early.year}"
        if language == "ru":
            first, last = words.TO_MONTH["ru"][early.month - 1], words.TO_MONTH["ru"][late.month - 1]
            return f"между {first}{year} и {last} {late.year}"
        return (
            f"between {words.MONTHS['en'][early.month - 1]}{year} and {words.MONTHS['en'][late.month - 1]} {late.year}"
        )
    if early is not None:
        name = f"{words.BY_MONTH[language][early.month - 1]} {early.year}"
        return (
            f"не раньше {name}, поздняя граница за горизонтом прогноза"
            if language == "ru"
            else f"not before {name}, no latest date"
        )
    return "диапазон не определён" if language == "ru" else "without a range"


def _tested(made: Forecast, language: Language) -> str:
    basis = {
        "month": {"en": f"{len(made.history)} months", "ru": f"месяцев: {len(made.history)}"},
        "day": {"en": f"{len(made.history)} days", "ru": f"дней: {len(made.history)}"},
    }[made.basis][language]
    growth = pattern_words.percent(made.growth_per_month, language)
    name = words.method(made.method, language)
    if made.mape is None:
        tested = "исторических данных для проверки мало" if language == "ru" else "the past is too short to test it"
    else:
        error = words.written(f"{made.mape:.1f} %", language)
        naive = None if made.baseline_mape is None else words.written(f"{made.baseline_mape:.1f} %", language)
        if language == "ru":
            tested = f"ошибка на исторических данных {error}" + (f" (последнее значение: {naive})" if naive else "")
        else:
            tested = f"back-test error {error}" + (f" (last value: {naive})" if naive else "")
    if language == "ru":
        return f"Метод: {name}; история: {basis}; рост {growth} в месяц; {tested}."
    return f"Method: {name}, from {basis}; growth {growth} a month; {tested}."


def week_sentence(made: WeekAhead | None, language: Language) -> str:
    """Return what is known of the next 168 hours."""
    if made is None:
        return ""
    name = words.method("seasonal_naive_week" if made.method == "seasonal_naive" else made.method, language)
    others = sum(entry.share > 0 for entry in made.contest) - 1
    if others:
        name += f" и ещё {others} в среднем" if language == "ru" else f" averaged with {others} others"
    error, baseline, held_out, held_out_baseline = (
        "–" if value is None else words.written(f"{value:.3f} %", language)
        for value in (made.mape, made.baseline_mape, made.held_out_mape, made.held_out_baseline_mape)
    )
    if language == "ru":
        parts = [f"Неделя вперёд: {name}; ошибка {error} за {made.origins} проверок (как неделю назад: {baseline})"]
        parts.append(
            "на последних 168 часах, не участвовавших в выборе, трафика не было, сравнить не с чем"
            if made.held_out_mape is None
            else f"на последних 168 часах, не участвовавших в выборе, {held_out} "
            f"(как неделю назад: {held_out_baseline})"
        )
        if made.unknown:
            parts.append(f"для часов без измерений ({made.unknown}) прогноза нет")
    else:
        parts = [f"Week ahead: {name}; back-test error {error} over {made.origins} origins (as a week ago: {baseline})"]
        parts.append(
            "the last 168 hours, kept out of the choice, carried nothing to compare with"
            if made.held_out_mape is None
            else f"on the last 168 hours, kept out of the choice, {held_out} (as a week ago: {held_out_baseline})"
        )
        if made.unknown:
            parts.append(f"no forecast for {made.unknown} hours that were never measured")
    return "; ".join(parts) + "."
