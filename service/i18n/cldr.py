"""What CLDR knows of a language, by Babel: plural forms, and the signs in numbers."""

from functools import cache

from babel import Locale, UnknownLocaleError

_MINUS = "\u2212"


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


@cache
def is_known(language: str) -> bool:
    """Return whether CLDR has this language."""
    try:
        _locale(language)
    except UnknownLocaleError:
        return False
    return True


def plural(language: str, number: int) -> str:
    """Return CLDR's category of a whole number: one, few or many in Russian, one or other in English and Kazakh."""
    return str(_locale(language).plural_form(number))


def written(language: str, number: str) -> str:
    """Return a number that is written as 12,345.6 or -12,345.6 with the language's own signs, and a true minus."""
    group, decimal = _signs(language)
    return number.translate({ord(","): group, ord("."): decimal, ord("-"): _MINUS})


def infinity(language: str) -> str:
    """Return the sign of an infinite number."""
    return _symbol(language, "infinity")


def not_a_number(language: str) -> str:
    """Return how a language writes what is no number, such as 0 / 0."""
    return _symbol(language, "nan")


@cache
def _signs(language: str) -> tuple[str, str]:
    return _symbol(language, "group"), _symbol(language, "decimal")


@cache
def _symbol(language: str, name: str) -> str:
    symbols = _locale(language).number_symbols
    return str(symbols.get("latn", symbols)[name])
