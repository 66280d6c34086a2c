"""How a server writes its JSON lines, learned from one of them: the expression of all lines written the same way.

A server's lines have the same keys in the same order; only the values differ, and the members of objects that hold
nothing but lists: HTTP headers. The expression takes nothing that JSON does not allow, and as values that are wanted
only what means what it spells: ASCII without escapes, numbers without exponents. All other lines are left.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.sources.edge_log.expression import Expression, one_of

Path = tuple[str, ...]

DEEPEST, LONGEST = 16, 16_384  # of a record, and of an expression: longer ones would take seconds to compile
# ASCII without quotes, backslashes and control characters, said by what it is: CPython skips that a third faster.
_PLAIN, _BLANKLESS = r"[ !#-\[\]-\x7f]*+", r"[!#-\[\]-\x7f]*+"
_TEXT = rf'"{_PLAIN}(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{{4}}){_PLAIN})*+"'
# Python refuses numbers of thousands of digits.
_NUMBER = r"-?(?:0|[1-9][0-9]{0,99}+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?"
_INTEGER = "(0|-?[1-9][0-9]{0,38})"
_WORD = "(?:true|false|null)"
_SCALAR = f"(?:{_TEXT}|{_NUMBER}|{_WORD})"
_TEXTS = {
    "status": "([0-9]{3}|0|-1|-)",
    "size": "([0-9]{1,18}|-)",
    "duration": r"((?:[0-9]{1,9}(?:\.[0-9]{1,9})?|-)?)",
    "method": f'(?:(METHODS)(?=")|{_PLAIN})',
    "request": f'(?:(?:METHODS) ({_BLANKLESS}) HTTP/[0-9.]++(?=")|(?!(?:METHODS) ){_PLAIN})',
}
_NUMBERS = {
    "time": r"((?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,20})?)",
    "status": "([1-9][0-9]{2}|0)",
    "size": "(0|[1-9][0-9]{0,17})",
    "duration": r"((?:0|[1-9][0-9]{0,7})(?:\.[0-9]{1,20})?)",
}
_MILLISECONDS = "([1-9][0-9]{11,13})"
NEEDED = ("time", "status", "size")


class JsonShape:
    """The expression of lines written like `line`; ValueError where none can be made of it.

    `paths` are the places of the wanted values by their names, which are the groups.
    """

    def __init__(self, line: bytes, paths: Mapping[str, Path], methods: Sequence[str]) -> None:
        self._wanted = {path: name for name, path in paths.items()}
        if len(self._wanted) < len(paths):
            raise ValueError("one value has two names")
        self._methods = one_of(methods)
        record = json.loads(line)
        for blank in ("", r"[ \t]*+"):
            self._blank, self._comma, self._groups = blank, f"{blank},{blank}", list[str]()
            self.time: type = str  # or float for Unix seconds, int for milliseconds
            self.source = f"{self._value(record, ())}[ \\t\\r]*+"
            self.expression = Expression(self._groups, self.source)
            if not self.expression.take(line + b"\n").left:
                return
        raise ValueError("not as JSON is written without need")

    def _value(self, value: Any, path: Path) -> str:
        name = self._wanted.get(path)
        if name is not None:
            return self._field(name, value)
        if isinstance(value, dict):
            below = [(key, name) for (*front, key), name in self._wanted.items() if tuple(front) == path]
            lists = all(isinstance(one, list) for one in value.values())
            return self._headers(below) if lists and len(below) < 2 else self._object(value, path)
        if isinstance(value, list):
            return self._list()
        if isinstance(value, str):
            return _TEXT
        return _WORD if value is None or isinstance(value, bool) else _NUMBER

    def _object(self, value: Mapping[str, Any], path: Path) -> str:
        if len(path) > DEEPEST:
            raise ValueError("nested too deep")
        members = [self._member(re.escape(key), self._value(one, (*path, key))) for key, one in value.items()]
        source = rf"\{{{self._blank}{self._comma.join(members)}{self._blank}\}}"
        if len(source) > LONGEST:
            raise ValueError("too long")
        return source

    def _headers(self, wanted: Sequence[tuple[str, str]]) -> str:
        """Return the expression of an object of lists, of which one at most is wanted: any keys in any order."""
        every = self._list()
        blank, comma = self._blank, self._comma
        if not wanted:
            member = self._member(_PLAIN, every)
            return rf"\{{{blank}(?:{member}(?:{comma}{member})*+)?{blank}\}}"
        ((key, name),) = wanted
        if name in NEEDED:
            raise ValueError("a header may be missing")
        member = self._member(f'(?!{re.escape(key)}"){_PLAIN}', every)
        header = self._member(re.escape(key), self._list(self._text(name)))
        return rf"\{{{blank}(?:\}}|(?:{member}{comma})*+(?:{header}(?:{comma}{member})*+|{member}){blank}\}})"

    def _member(self, key: str, value: str) -> str:
        return f'"{key}"{self._blank}:{self._blank}{value}'

    def _list(self, first: str = "") -> str:
        """Return the expression of a list that begins with that value, or of any."""
        values = f"{first or _SCALAR}(?:{self._comma}{_SCALAR})*+"
        return rf"\[{self._blank}{values if first else f'(?:{values})?'}{self._blank}\]"

    def _field(self, name: str, value: Any) -> str:
        if isinstance(value, str):
            return self._text(name)
        if isinstance(value, list):
            return self._list(self._text(name))
        if value is None:
            return "null"
        if isinstance(value, bool | dict):
            raise ValueError(f"no value for {name}")
        self._groups.append(name)
        if name not in _NUMBERS:
            return _INTEGER  # an account or a session may be a number
        if name == "time":
            self.time = float if value < 1e11 else int
            return _NUMBERS[name] if value < 1e11 else _MILLISECONDS
        return _NUMBERS[name]

    def _text(self, name: str) -> str:
        self._groups.append(name)
        return '"' + _TEXTS.get(name, f"({_PLAIN})").replace("METHODS", self._methods) + '"'
