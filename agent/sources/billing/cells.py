"""Figures by tariff such that none of them is about a handful of people."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from agent.sources.database import kind_of

Key = tuple[str, ...]
Values = tuple[float, ...]

OTHER = "other"
MOST_TARIFFS = 50
_LONGEST = 64


def label(value: Any) -> str:
    """Return a label's text; what is no word of a few letters is "other"."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if 0 < len(text) <= _LONGEST and text.isprintable() else OTHER


def number(value: Any, what: str) -> float:
    """Return a count or a sum (NULL is the sum of nothing); raise ValueError without repeating what came instead."""
    if value is None:
        return 0.0
    try:
        result = float("nan") if isinstance(value, bool | str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        result = float("nan")
    if not abs(result) < float("inf"):
        raise ValueError(f"{what}: {kind_of(value)} came where a number was expected; cast it in the view")
    return result


def counted(rows: Iterable[tuple[Any, ...]], keys: int, what: str) -> dict[Key, Values]:
    """Return rows as sums by their first `keys` columns; raise ValueError."""
    result: dict[Key, Values] = {}
    for row in rows:
        key = tuple(label(value) for value in row[:keys])
        values = tuple(number(value, what) for value in row[keys:])
        result[key] = added(result[key], values) if key in result else values
    return result


def added(one: Values, other: Values) -> Values:
    """Return the sums, value by value."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


def total(parts: Iterable[Mapping[Key, Values]]) -> dict[Key, Values]:
    """Return the sums of several countings."""
    result: dict[Key, Values] = {}
    for part in parts:
        for key, values in part.items():
            result[key] = added(result[key], values) if key in result else values
    return result


def merged(cells: Mapping[Key, Values], smallest: int) -> dict[Key, Values]:
    """Return the cells with the small ones, and those beyond the 50 largest tariffs, added to the tariff "other".

    A key begins with the tariff and its values with the number of accounts. A cell without any account stays: nothing
    is about nobody.
    """
    sizes: dict[str, float] = {}
    for key, values in cells.items():
        sizes[key[0]] = sizes.get(key[0], 0.0) + values[0]
    kept = set(sorted(sizes, key=lambda tariff: (-sizes[tariff], tariff))[:MOST_TARIFFS])
    result: dict[Key, Values] = {}
    for key, values in cells.items():
        small = key[0] not in kept or 0 < values[0] < smallest
        target = (OTHER, *key[1:]) if small else key
        result[target] = added(result[target], values) if target in result else values
    return result


def common(cells: Mapping[Key, Values], smallest: int, words: Collection[str]) -> dict[Key, Values]:
    """Return the cells with a word that few accounts have, unless it is one of `words`, called "other".

    A key ends with the word, which somebody may have written freely. Values begin with the number of accounts.
    """
    sizes: dict[str, float] = {}
    for key, values in cells.items():
        sizes[key[-1]] = sizes.get(key[-1], 0.0) + values[0]
    result: dict[Key, Values] = {}
    for key, values in cells.items():
        target = key if key[-1] in words or sizes[key[-1]] >= smallest else (*key[:-1], OTHER)
        result[target] = added(result[target], values) if target in result else values
    return result
