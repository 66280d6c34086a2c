"""JSON and XML as a server answers them: whole, and small enough for what reading makes of them.

An answer's size in bytes bounds little: of `[],` a reader makes twenty times as much, and 16 MiB of it would be more
memory than the agent may have.
"""

import json
from typing import Any
from xml.etree import ElementTree


class _TwiceError(ValueError):
    """An object says two things of one name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


# Several times what a busy server with thousands of streams has; to read it takes at most 75 MiB for a moment.
MOST_VALUES = 500_000


def json_of(text: str, *, private: bool = False) -> Any:
    """Return what the JSON says; raise ValueError, which names nothing of the JSON where that is private."""
    _bound(text, ",[{")
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(_not_whole("JSON", error.lineno, error.colno)) from None
    except _TwiceError as error:
        name = "" if private else f" {error.name[:40]!r}"
        raise ValueError(f"an object of the answer has the name{name} twice, with different values") from None
    except ValueError:  # a number of more digits than Python reads
        raise ValueError("the answer is not whole JSON: a number in it has thousands of digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raise ValueError where a name stands in it twice with values that differ."""
    made = dict(pairs)
    if len(made) < len(pairs):
        for name, value in pairs:
            if value != made[name]:
                raise _TwiceError(name)
    return made


def xml_of(text: str) -> ElementTree.Element:
    """Return the root of the XML; raise ValueError."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        # A status page needs no entities, and expanding them is the classic way to fill a reader's memory.
        raise ValueError("the XML declares entities")
    _bound(text, "<=")  # elements and attributes
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - entities are refused above
    except ElementTree.ParseError as error:
        raise ValueError(_not_whole("XML", error.position[0], error.position[1] + 1)) from None
    except ValueError:
        raise ValueError("the answer is not whole XML: it names an encoding that cannot be read") from None


def not_jmespath(expression: str, error: ValueError) -> str:
    """Return what is said of an expression that the library of JMESPath refuses with an error."""
    place = getattr(error, "lex_position", None)
    if place is None:
        place = getattr(error, "lexer_position", None)
    at = (
        "its end"
        if place is None or place >= len(expression)
        else f"character {place + 1}, {expression[place:][:20]!r}"
    )
    return f"{expression!r} is not JMESPath: it cannot be read at {at}; names with dots or minus go in double quotes"


def _not_whole(kind: str, line: int, column: int) -> str:
    return (
        f"the answer is not whole {kind}: line {line}, column {column} cannot be read; "
        f"check that the address answers {kind} and that the answer does not break off"
    )


def _bound(text: str, begins: str) -> None:
    """Raise ValueError for more values than `MOST_VALUES`, by the characters that each begins with."""
    if sum(map(text.count, begins)) > MOST_VALUES:
        raise ValueError(f"the answer has more than {MOST_VALUES} values")
