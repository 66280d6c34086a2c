"""Wrong values for every key that a settings file may have, found by the types of the settings."""

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal, NamedTuple, NewType, Union, get_args, get_origin, get_type_hints

from service.settings import Secret

WRONG: Mapping[str, Any] = {
    "text": "no such ☃ thing",
    "empty text": "",
    "text with NUL": "a\0b",
    "integer": 7,
    "negative": -3,
    "huge": 10**30,
    "float": 1.5,
    "nan": float("nan"),
    "infinity": float("inf"),
    "true": True,
    "date and time": datetime(2026, 1, 1, tzinfo=UTC),
    "date": date(2026, 1, 1),
    "time": time(1, 2, 3),
    "empty list": [],
    "list of numbers": [1],
    "list of lists": [[1]],
    "list of texts": ["☃"],
    "empty table": {},
    "table": {"nothing": 1},
    "list of tables": [{"nothing": 1}],
}

Wrap = Callable[[Any], Any]


class Place(NamedTuple):
    """A key of the file, and what makes a file in which a value stands there."""

    key: str
    wrap: Wrap


def places(kind: Any, key: str = "", wrap: Wrap = lambda value: value) -> Iterator[Place]:
    """Yield every place of a type of settings, as deep as its tables and lists go."""
    if key:
        yield Place(key, wrap)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        for each in arguments:
            if is_dataclass(each):
                yield from list(places(each, key, wrap))[1:]
    elif origin is Literal or isinstance(kind, NewType) or kind is Secret:
        return
    elif is_dataclass(kind):
        hints = get_type_hints(kind)
        for each in fields(kind):
            inside = f"{key}.{each.name}" if key else each.name
            yield from places(hints[each.name], inside, _in_table(wrap, each.name))
    elif origin in (list, tuple, Sequence):
        yield from places(arguments[0], f"{key}[1]", _in_list(wrap))
    elif origin in (dict, Mapping):
        name = get_args(arguments[0])[0] if get_origin(arguments[0]) is Literal else "P1"
        yield from places(arguments[1], f"{key}.{name}", _in_table(wrap, name))


def replaced(document: Any, key: str = "") -> Iterator[Place]:
    """Yield every place of a document that loads, with what makes the same document with another value there."""
    inside: Iterator[tuple[str, Any]] = iter(())
    if isinstance(document, dict):
        inside = ((f"{key}.{name}" if key else name, name) for name in document)
    elif isinstance(document, list):
        inside = ((f"{key}[{number + 1}]", number) for number in range(len(document)))
    for place, name in inside:
        yield Place(place, _instead(document, name, lambda value: value))
        for deeper in replaced(document[name], place):
            yield Place(deeper.key, _instead(document, name, deeper.wrap))


def _in_table(wrap: Wrap, name: str) -> Wrap:
    return lambda value: wrap({name: value})


def _in_list(wrap: Wrap) -> Wrap:
    return lambda value: wrap([value])


def _instead(document: Any, name: Any, wrap: Wrap) -> Wrap:
    def changed(value: Any) -> Any:
        if isinstance(document, dict):
            return {**document, name: wrap(value)}
        return [*document[:name], wrap(value), *document[name + 1 :]]

    return changed
