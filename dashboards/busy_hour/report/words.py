"""Sentences of a report in Russian and English."""

from datetime import date
from typing import Literal

from dashboards.busy_hour.measures.series import clock_text
from dashboards.busy_hour.measures.traffic import Stability

Language = Literal["ru", "en"]

MONTHS = {
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
IN_MONTH = {
    "en": MONTHS["en"],
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
BY_MONTH = {
    "en": MONTHS["en"],
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
TO_MONTH = {
    "en": MONTHS["en"],
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
    "subscribers_online": {"en": "subscribers online", "ru": "обслуживаемые абоненты"},
    "sessions": {"en": "sessions", "ru": "сессии раздачи контента"},
    "viewers": {"en": "viewers", "ru": "зрители"},
    "egress_bits_per_second": {"en": "outbound traffic", "ru": "исходящий трафик контента"},
    "node_load": {"en": "node load", "ru": "загрузка узла"},
    "stall_ratio": {"en": "stalled share of the time watched", "ru": "доля остановок во времени просмотра"},
}
UNITS = {
    "subscribers_online": {"en": "subscribers", "ru": "абонентов"},
    "sessions": {"en": "E (mean sessions)", "ru": "Эрл (среднее число сессий)"},
    "viewers": {"en": "viewers", "ru": "зрителей"},
    "egress_bits_per_second": {"en": "bit/s", "ru": "бит/с"},
    "node_load": {"en": "share of CPU", "ru": "доля ЦП"},
    "stall_ratio": {"en": "share of the time", "ru": "доля времени"},
}
MEASURES = {
    "adpqh": {
        "en": "average daily peak hour, by quarter",
        "ru": "среднее значение суточных ЧНН, начало с любой четверти часа",
    },
    "adpfh": {"en": "average daily peak hour, full hours", "ru": "среднее значение суточных ЧНН, полные часы"},
    "tcbh_quarter": {
        "en": "time-consistent busy hour, by quarter",
        "ru": "ЧНН с фиксированным началом, начало с любой четверти часа",
    },
    "tcbh_full": {"en": "time-consistent busy hour, full hours", "ru": "ЧНН с фиксированным началом, полные часы"},
    "fdmh": {"en": "fixed daily measurement hour", "ru": "фиксированный час измерений"},
    "fdmp": {"en": "fixed daily measurement period", "ru": "фиксированный период измерений"},
    "bouncing": {"en": "bouncing busy hour, averaged", "ru": "плавающий ЧНН, среднее"},
}
METHODS = {
    "naive": {"en": "last value", "ru": "последнее значение"},
    "seasonal_naive": {"en": "as a year ago", "ru": "как год назад"},
    "seasonal_naive_growth": {"en": "as a year ago, with the growth since", "ru": "как год назад, с ростом за год"},
    "pattern_level": {"en": "present level with its season", "ru": "текущий уровень с сезонностью"},
    "pattern_rate": {"en": "constant rate of growth", "ru": "постоянный темп роста"},
    "pattern_line": {"en": "straight line (Theil–Sen)", "ru": "прямая (Тейл — Сен)"},
    "pattern_damped": {"en": "growth that slows down", "ru": "затухающий рост"},
    "seasonal_naive_week": {"en": "as a week ago", "ru": "как неделю назад"},
}
FLAGS = {
    "partial": {"en": "a quarter missing", "ru": "нет данных за 15 минут"},
    "full_partial": {"en": "a quarter of the full hour missing", "ru": "нет данных за 15 минут полного часа"},
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
    if name.startswith("profile_"):
        weeks = name.split("_")[1]
        return f"недельный профиль за {weeks} нед." if language == "ru" else f"weekly profile of {weeks} weeks"
    if name == "seasonal_naive_level":
        return "как неделю назад, с поправкой уровня" if language == "ru" else "as a week ago, level adjusted"
    return named(METHODS, name, language)


def written(number: str, language: Language) -> str:
    """Return a number written the English way as the language writes it: 12,345.6 becomes 12 345,6 in Russian."""
    return number.translate(_RUSSIAN) if language == "ru" else number


def month(day: date, language: Language) -> str:
    """Return "September 2027"."""
    return f"{MONTHS[language][day.month - 1]} {day.year}"


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


_PREFIXES = {"en": ("", "k", "M", "G", "T"), "ru": ("", "к", "М", "Г", "Т")}


def day(when: date, language: Language) -> str:
    """Return "5 October 2026" as each language writes it."""
    return f"{when.day} {BY_MONTH[language][when.month - 1]} {when.year}"


def figure(value: float, quantity: str, language: Language) -> str:
    """Return a value with its unit, to read."""
    if quantity == "egress_bits_per_second":
        unit = "bit/s" if language == "en" else "бит/с"
        return f"{_scaled(value, 3, language)}{unit}"
    if quantity == "node_load":
        return written(f"{value * 100:.1f} %", language)
    if quantity == "stall_ratio":
        return written(f"{value * 100:.2f} %", language)
    return _grouped(value, language)


def short(value: float, quantity: str, language: Language) -> str:
    """Return a value for an axis."""
    if quantity == "node_load":
        return f"{value * 100:.0f} %"
    if quantity == "stall_ratio":
        return written(f"{value * 100:.2g} %", language)
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
