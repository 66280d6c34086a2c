"""Sentences of a report in Russian and English."""

from datetime import date
from typing import Literal

from dashboards.busy_hour.forecast.forecast import Exhaustion, Forecast
from dashboards.busy_hour.forecast.week_ahead import WeekAhead
from dashboards.busy_hour.measures.capacity import ACT, Surviving
from dashboards.busy_hour.measures.series import clock_text
from dashboards.busy_hour.measures.traffic import Stability

Language = Literal["ru", "en"]

_MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "ru": [
        "январь",
        "февраль",
        "март",
        "апрель",
        "май",
        "июнь",
        "июль",
        "август",
        "сентябрь",
        "октябрь",
        "ноябрь",
        "декабрь",
    ],
}
_IN_MONTH = {
    "en": _MONTHS["en"],
    "ru": [
        "январе",
        "феврале",
        "марте",
        "апреле",
        "мае",
        "июне",
        "июле",
        "августе",
        "сентябре",
        "октябре",
        "ноябре",
        "декабре",
    ],
}
_BY_MONTH = {
    "en": _MONTHS["en"],
    "ru": [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
}
_TO_MONTH = {
    "en": _MONTHS["en"],
    "ru": [
        "январём",
        "февралём",
        "мартом",
        "апрелем",
        "маем",
        "июнем",
        "июлем",
        "августом",
        "сентябрём",
        "октябрём",
        "ноябрём",
        "декабрём",
    ],
}

QUANTITIES = {
    "subscribers_online": {"en": "subscribers online", "ru": "абоненты на линии"},
    "sessions": {"en": "sessions", "ru": "сессии"},
    "viewers": {"en": "viewers", "ru": "зрители"},
    "egress_bits_per_second": {"en": "outbound traffic", "ru": "исходящий трафик"},
    "node_load": {"en": "node load", "ru": "загрузка узла"},
}
UNITS = {
    "subscribers_online": {"en": "subscribers", "ru": "абонентов"},
    "sessions": {"en": "E (mean sessions)", "ru": "Эрл (среднее число сессий)"},
    "viewers": {"en": "viewers", "ru": "зрителей"},
    "egress_bits_per_second": {"en": "bit/s", "ru": "бит/с"},
    "node_load": {"en": "share of CPU", "ru": "доля CPU"},
}
MEASURES = {
    "adpqh": {"en": "average daily peak hour, by quarter", "ru": "среднее ЧНН каждого дня, начало с любой четверти"},
    "adpfh": {"en": "average daily peak hour, full hours", "ru": "среднее ЧНН каждого дня, полные часы"},
    "tcbh_quarter": {"en": "time-consistent busy hour, by quarter", "ru": "постоянный ЧНН, начало с любой четверти"},
    "tcbh_full": {"en": "time-consistent busy hour, full hours", "ru": "постоянный ЧНН, полные часы"},
    "fdmh": {"en": "fixed daily measurement hour", "ru": "фиксированный час измерений"},
    "fdmp": {"en": "fixed daily measurement period", "ru": "фиксированный период измерений"},
    "bouncing": {"en": "bouncing busy hour, averaged", "ru": "плавающий ЧНН, среднее"},
}
METHODS = {
    "naive": {"en": "last value", "ru": "последнее значение"},
    "theil_sen": {"en": "Theil–Sen, straight line", "ru": "Тейл — Сен, прямая"},
    "theil_sen_log": {"en": "Theil–Sen, constant rate", "ru": "Тейл — Сен, постоянный темп"},
    "damped_trend": {
        "en": "exponential smoothing, damped trend",
        "ru": "экспоненциальное сглаживание, затухающий тренд",
    },
    "seasonal_naive": {"en": "as a year ago", "ru": "как год назад"},
    "seasonal_naive_week": {"en": "as a week ago", "ru": "как неделю назад"},
}
FLAGS = {
    "partial": {"en": "a quarter missing", "ru": "нет четверти часа"},
    "full_partial": {"en": "a quarter of the full hour missing", "ru": "нет четверти полного часа"},
    "incomplete": {"en": "too little data, not counted", "ru": "мало данных, не учтён"},
    "exceptional": {"en": "exceptional day", "ru": "особый день"},
    "offset_change": {"en": "clocks changed", "ru": "перевод часов"},
    "no_busy_hour": {"en": "no complete hour", "ru": "нет полного часа"},
}
_RUSSIAN = str.maketrans({",": "\u202f", ".": ","})  # a narrow no-break space groups digits
WEEKDAYS = {"en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], "ru": ["пн", "вт", "ср", "чт", "пт", "сб", "вс"]}


def language(name: str) -> Language:
    """Return the language of that name; Russian is the house's own."""
    return "en" if name == "en" else "ru"


def named(table: dict[str, dict[str, str]], key: str, language: Language) -> str:
    """Return the words for `key`, or the key itself where it is the user's own."""
    return table.get(key, {}).get(language, key.replace("_", " "))


def method(name: str, language: Language) -> str:
    """Return the name of a forecasting method."""
    if name.startswith("smoothing_level_"):
        level, season = name.removeprefix("smoothing_level_").split("_season_")
        if language == "ru":
            level, season = written(level, language), written(season, language)
            return f"сглаживание уровня ({level}) и недельного хода ({season})"
        return f"smoothing of level ({level}) and weekly pattern ({season})"
    if name == "seasonal_naive_level":
        return "как неделю назад, с поправкой уровня" if language == "ru" else "as a week ago, level adjusted"
    return named(METHODS, name, language)


def written(number: str, language: Language) -> str:
    """Return a number written the English way as the language writes it: 12,345.6 becomes 12 345,6 in Russian."""
    return number.translate(_RUSSIAN) if language == "ru" else number


def month(day: date, language: Language) -> str:
    """Return "September 2027"."""
    return f"{_MONTHS[language][day.month - 1]} {day.year}"


def forecast_sentence(made: Forecast | None, language: Language) -> str:
    """Return the whole answer about capacity: for 70 % of what survives, with range and tested error."""
    if made is None:
        if language == "ru":
            return "Данных для прогноза мало: нужны шесть месяцев или хотя бы 28 дней подряд."
        return "Not enough data to forecast: six months are needed, or at least 28 days on end."
    act = next((entry for entry in made.exhaustion if entry.threshold == ACT), None)
    if act is None:
        answer = (
            "Ёмкость не задана, поэтому срок её исчерпания не назван."
            if language == "ru"
            else "No capacity is stated, so no date of exhaustion is named."
        )
    else:
        answer = exhaustion_sentence(act, made, language)
    return f"{answer} {_tested(made, language)}"


def exhaustion_sentence(entry: Exhaustion, made: Forecast, language: Language) -> str:
    """Return "70 % of surviving capacity in September 2027, between July and December 2027."."""
    percent = f"{entry.threshold * 100:.0f} %"
    what = f"{percent} ёмкости при отказе" if language == "ru" else f"{percent} of surviving capacity"
    if entry.answer == "already":
        return f"{what}: уже превышено." if language == "ru" else f"{what}: already exceeded."
    if entry.answer == "none":
        return f"{what}: исчерпания не видно, роста нет." if language == "ru" else f"{what}: no exhaustion, no growth."
    if entry.answer == "beyond" or entry.likely is None:
        return f"{what}: {_beyond(made, language)}{_early(entry, language)}."
    where = f"{_IN_MONTH[language][entry.likely.month - 1]} {entry.likely.year}"
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
            f"не раньше: {month(made.horizon, language)}"
            if language == "ru"
            else f"after {month(made.horizon, language)}"
        )
    return month(entry.likely, language)


def _beyond(made: Forecast, language: Language) -> str:
    if made.basis == "month":
        return "более чем через три года" if language == "ru" else "more than three years away"
    limit = made.horizon.isoformat()
    if language == "ru":
        return f"не раньше {limit}; дальше так короткая история не видит"
    return f"not before {limit}; so short a history sees no further"


def _early(entry: Exhaustion, language: Language) -> str:
    if entry.earliest is None:
        return ""
    name = f"{_BY_MONTH[language][entry.earliest.month - 1]} {entry.earliest.year}"
    return f" (возможно, с {name})" if language == "ru" else f" (at the earliest in {name})"


def _range(entry: Exhaustion, language: Language) -> str:
    early, late = entry.earliest, entry.latest
    if early is not None and late is not None:
        if (early.year, early.month) == (late.year, late.month):
            return "диапазон внутри месяца" if language == "ru" else "the range within that month"
        year = "" if early.year == late.year else f" {early.year}"
        if language == "ru":
            first, last = _TO_MONTH["ru"][early.month - 1], _TO_MONTH["ru"][late.month - 1]
            return f"между {first}{year} и {last} {late.year}"
        return f"between {_MONTHS['en'][early.month - 1]}{year} and {_MONTHS['en'][late.month - 1]} {late.year}"
    if early is not None:
        name = f"{_BY_MONTH[language][early.month - 1]} {early.year}"
        return (
            f"не раньше {name}, поздняя граница не видна" if language == "ru" else f"not before {name}, no latest date"
        )
    return "диапазон не определён" if language == "ru" else "without a range"


def _tested(made: Forecast, language: Language) -> str:
    basis = {
        "month": {"en": f"{len(made.history)} months", "ru": f"месяцев: {len(made.history)}"},
        "day": {"en": f"{len(made.history)} days", "ru": f"дней: {len(made.history)}"},
    }[made.basis][language]
    growth = written(f"{made.growth_per_month * 100:+.1f} %", language)
    error = written(f"{made.mape:.1f} %", language)
    name = method(made.method, language)
    naive = None if made.baseline_mape is None else written(f"{made.baseline_mape:.1f} %", language)
    if language == "ru":
        baseline = f" (простейший прогноз: {naive})" if naive else ""
        return f"Метод: {name}; история: {basis}; рост {growth} в месяц; ошибка на прошлом {error}{baseline}."
    baseline = f" (last value: {naive})" if naive else ""
    return f"Method: {name}, from {basis}; growth {growth} a month; back-test error {error}{baseline}."


def week_sentence(made: WeekAhead | None, language: Language) -> str:
    """Return what is known of the next 168 hours."""
    if made is None:
        return ""
    name = method("seasonal_naive_week" if made.method == "seasonal_naive" else made.method, language)
    error, baseline, held_out, held_out_baseline = (
        "–" if value is None else written(f"{value:.3f} %", language)
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


def stability_sentence(found: Stability | None, language: Language) -> str:
    """Return whether one clock hour can stand for all days, as a warning where it cannot."""
    if found is None:
        return (
            "Об устойчивости ЧНН судить рано: нужно пять дней."
            if language == "ru"
            else "Too few days to judge the stability of the busy hour: five are needed."
        )
    spread = found.spread_seconds // 60
    ratio = written(f"{found.ratio:.3f}", language)
    if found.stable:
        if language == "ru":
            return (
                f"ЧНН устойчив: ADPQH/TCBH = {ratio}, пик дня обычно около {clock_text(found.median_clock)}, "
                f"разброс {spread} мин."
            )
        return (
            f"The busy hour is stable: ADPQH/TCBH = {ratio}, the day's peak usually about "
            f"{clock_text(found.median_clock)}, spread {spread} min."
        )
    if language == "ru":
        return (
            f"ВНИМАНИЕ: устойчивого ЧНН нет (ADPQH/TCBH = {ratio}, разброс пика дня {spread} мин). "
            "TCBH занижает нагрузку; рассчитывайте ёмкость по ADPQH."
        )
    return (
        f"WARNING: there is no stable busy hour (ADPQH/TCBH = {ratio}, the day's peak spreads over "
        f"{spread} min). TCBH understates the load; size by ADPQH."
    )


def redundancy_sentence(left: Surviving | None, quantity: str, language: Language) -> str:
    """Return what capacity the thresholds were taken from."""
    if left is None:
        return ""
    total, rest = (figure(value, quantity, language) for value in (left.total, left.surviving))
    if left.lost_node is None:
        return f"Ёмкость {total}." if language == "ru" else f"Capacity {total}."
    node = left.lost_node.removeprefix("node:")
    if not left.redundant:
        if language == "ru":
            return f"Резерва нет: {node} — единственный узел; доли взяты от полной ёмкости {total}."
        return f"No redundancy: {node} is the only node; shares are of the whole capacity {total}."
    if language == "ru":
        return f"Ёмкость {total}; при отказе наибольшего узла ({node}) — {rest}."
    return f"Capacity {total}; {rest} survives the loss of the largest node ({node})."


_PREFIXES = {"en": ("", "k", "M", "G", "T"), "ru": ("", "к", "М", "Г", "Т")}


def day(when: date, language: Language) -> str:
    """Return "5 October 2026" as each language writes it."""
    return f"{when.day} {_BY_MONTH[language][when.month - 1]} {when.year}"


def figure(value: float, quantity: str, language: Language) -> str:
    """Return a value with its unit, to read."""
    if quantity == "egress_bits_per_second":
        unit = "bit/s" if language == "en" else "бит/с"
        return f"{_scaled(value, 3, language)}{unit}"
    if quantity == "node_load":
        return written(f"{value * 100:.1f} %", language)
    return _grouped(value, language)


def short(value: float, quantity: str, language: Language) -> str:
    """Return a value for an axis."""
    if quantity == "node_load":
        return f"{value * 100:.0f} %"
    return _scaled(value, 2, language).strip()


def _scaled(value: float, digits: int, language: Language) -> str:
    power = 0
    while abs(value) >= 1000 and power < 4:
        value, power = value / 1000, power + 1
    return f"{written(f'{value:.{digits + 1}g}', language)} {_PREFIXES[language][power]}"


def _grouped(value: float, language: Language) -> str:
    form = "_.0f" if abs(value) >= 10_000 else ".4g" if value < 1 else "_.1f"
    # A narrow no-break space groups digits alike in both languages.
    return written(f"{value:{form}}", language).replace("_", "\u202f")
