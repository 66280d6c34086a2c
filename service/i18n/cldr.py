"""What CLDR knows of a language, by Babel: plural forms, and the signs in numbers."""

from functools import cache

from babel import Locale

_MINUS = "\u2212"


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


def plural(language: str, number: int) -> str:
    """Return CLDR's category of a whole number: one, few or many in Russian, one or other in English and Kazakh."""
    return str(_locale(language).plural_form(number))


def written(language: str, number: str) -> str:
    """Return a number that is written as 12,345.6 or -12,345.6 with the language's own signs, and a true minus."""
    group, decimal = _signs(language)
    return number.translate({ord(","): group, ord("."): decimal, ord("-"): _MINUS})


@cache
def _signs(language: str) -> tuple[str, str]:
    symbols = _locale(language).number_symbols
    latin = symbols.get("latn", symbols)
    return str(latin["group"]), str(latin["decimal"])
